/// Appends encoded fields to memory of a known size.
///
/// Three ways to use it: `bytes(count:)` fills a new array of exactly that size; `init(into:)`
/// writes to memory of the caller's, such as a network buffer; `init(capacity:)` owns memory that
/// grows, for the rare encodings whose size nobody knows. Writing past memory that is not its own
/// is a programmer's error and stops the program.
package struct WireWriter {
    @usableFromInline var base: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    package var count: Int
    @usableFromInline var storage: WireStorage?

    /// A writer into `memory`, which must outlive it.
    @inlinable
    package init(into memory: UnsafeMutableRawBufferPointer) {
        base = memory
        count = 0
        storage = nil
    }

    /// A writer with memory of its own that grows when `capacity` is exceeded.
    package init(capacity: Int) {
        let storage = WireStorage(capacity: max(capacity, 16))
        base = storage.memory
        count = 0
        self.storage = storage
    }

    /// An array of exactly `count` bytes, all of which `body` must append.
    @inlinable
    package static func bytes(count: Int, _ body: (inout WireWriter) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { memory, initializedCount in
            let exact = UnsafeMutableRawBufferPointer(memory)[..<count]
            var writer = WireWriter(into: UnsafeMutableRawBufferPointer(rebasing: exact))
            body(&writer)
            precondition(writer.count == count, "an encoding fills exactly its encoded size")
            initializedCount = count
        }
    }

    /// A copy of what was written.
    package var written: [UInt8] {
        [UInt8](UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(base)[..<count]))
    }

    /// Makes sure that `more` bytes fit.
    @inlinable @inline(__always)
    package mutating func reserve(_ more: Int) {
        if more > base.count &- count { grow(more) }
    }

    @usableFromInline @inline(never)
    mutating func grow(_ more: Int) {
        precondition(storage != nil, "a writer of fixed memory is given no more than fits")
        let larger = WireStorage(capacity: max(base.count * 2, count + more))
        larger.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: base[..<count]))
        base = larger.memory
        storage = larger
    }
}

/// Memory that lives as long as the writers that hold it.
@usableFromInline
final class WireStorage {
    let memory: UnsafeMutableRawBufferPointer

    init(capacity: Int) {
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }
}
