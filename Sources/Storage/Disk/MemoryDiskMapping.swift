internal import Glibc

/// A view of a `MemoryDisk` file at a fixed address; changes of the file are copied into it.
///
/// `@unchecked Sendable`: the address is constant. As with a real shared mapping, a reader must not
/// read bytes that are being written at that moment.
package final class MemoryDiskMapping: DiskMapping, @unchecked Sendable {
    package let base: UnsafeRawPointer
    package let reservedBytes: Int
    private let memory: UnsafeMutableRawBufferPointer

    init(reservedBytes: Int, path: String) throws(DiskError) {
        precondition(reservedBytes > 0, "a mapping reserves at least one byte")
        let address = mmap(
            nil, reservedBytes, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw DiskError(errno, path: path, operation: "mmap")
        }
        base = UnsafeRawPointer(address)
        self.reservedBytes = reservedBytes
        memory = UnsafeMutableRawBufferPointer(start: address, count: reservedBytes)
    }

    deinit {
        munmap(memory.baseAddress, reservedBytes)
    }

    package func dontNeed(offset: Int, count: Int) {}

    package func lock(offset: Int, count: Int) {}

    package func willNeed(offset: Int, count: Int) {
        // Memory needs no read-ahead.
    }

    /// Fills the new view with the file's current content.
    func load(_ content: SparseBytes) {
        _ = content.read(into: memory, at: 0)
    }

    /// Applies a change of the file, as far as it is inside the view.
    func apply(_ change: MemoryFileNode.Change, sizeBefore: Int) {
        switch change {
        case .write(let offset, let bytes):
            let length = min(bytes.count, reservedBytes - offset)
            if length <= 0 { return }
            bytes.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + length])
                    .copyMemory(from: .init(rebasing: $0.prefix(length)))
            }
        case .resize(let size):
            if size < sizeBefore { zero(size..<sizeBefore) }
        case .zero(let range):
            zero(range)
        }
    }

    private func zero(_ range: Range<Int>) {
        let inside = range.clamped(to: 0..<reservedBytes)
        _ = UnsafeMutableRawBufferPointer(rebasing: memory[inside])
            .initializeMemory(as: UInt8.self, repeating: 0)
    }
}
