internal import Glibc

/// A view of a `MemoryDisk` file at a fixed address; changes of the file are copied into it.
///
/// As with a real mapping, an access to a page beyond the end of the file ends the process.
///
/// `@unchecked Sendable`: the address is constant. As with a real shared mapping, a reader must not
/// read bytes that are being written at that moment.
package final class MemoryDiskMapping: DiskMapping, @unchecked Sendable {
    package let base: UnsafeRawPointer
    package let reservedBytes: Int
    private let memory: UnsafeMutableRawBufferPointer
    private var accessibleBytes = 0

    init(reservedBytes: Int, path: String) throws(DiskError) {
        precondition(reservedBytes > 0, "a mapping reserves at least one byte")
        let address = mmap(
            nil, reservedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
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
        setAccessible(content.count)
        _ = content.read(into: memory, at: 0)
    }

    /// Applies a change of the file, as far as it is inside the view.
    func apply(_ change: MemoryFileNode.Change, sizeBefore: Int) {
        switch change {
        case .write(let offset, let bytes):
            setAccessible(max(sizeBefore, offset + bytes.count))
            let length = min(bytes.count, reservedBytes - offset)
            if length <= 0 { return }
            bytes.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: memory[offset..<offset + length])
                    .copyMemory(from: .init(rebasing: $0.prefix(length)))
            }
        case .resize(let size):
            if size < sizeBefore { zero(size..<sizeBefore) }
            setAccessible(size)
        case .zero(let range):
            zero(range)
        }
    }

    /// Makes the pages of a file of this size accessible, and no others.
    private func setAccessible(_ sizeBytes: Int) {
        let pageBytes = 4096
        let wanted = min((sizeBytes + pageBytes - 1) / pageBytes * pageBytes, reservedBytes)
        let present = accessibleBytes
        accessibleBytes = wanted
        guard wanted != present, let start = memory.baseAddress else { return }
        let result =
            wanted > present
            ? mprotect(start + present, wanted - present, PROT_READ | PROT_WRITE)
            : mprotect(start + wanted, present - wanted, PROT_NONE)
        precondition(result == 0, "the access to own memory can be changed")
    }

    private func zero(_ range: Range<Int>) {
        let inside = range.clamped(to: 0..<accessibleBytes)
        _ = UnsafeMutableRawBufferPointer(rebasing: memory[inside])
            .initializeMemory(as: UInt8.self, repeating: 0)
    }
}
