/// Appends encoded fields to memory of a known size.
///
/// `bytes(count:)` fills a new array of exactly that size; `init(into:)` writes to the caller's
/// memory, such as a network buffer; `init(capacity:)` owns growing memory, for the rare encodings
/// of unknown size. Writing past the end of the caller's memory is a programming error and stops
/// the program. Pass it `inout`: a copy would write to the same memory.
package struct WireWriter {
    var base: UnsafeMutableRawBufferPointer
    /// Bytes written so far.
    package internal(set) var count: Int
    var storage: WireStorage?

    /// A writer into `memory`, which must outlive it.
    package init(into memory: UnsafeMutableRawBufferPointer) {
        base = memory
        count = 0
        storage = nil
    }

    /// A writer with its own memory, which grows when `capacity` is exceeded.
    package init(capacity: Int) {
        let storage = WireStorage(capacity: max(capacity, 16))
        base = storage.memory
        count = 0
        self.storage = storage
    }

    /// An array of exactly `count` bytes, all of which `body` must append.
    package static func bytes(count: Int, _ body: (inout WireWriter) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { memory, initializedCount in
            let exact = UnsafeMutableRawBufferPointer(memory)[..<count]
            var writer = WireWriter(into: UnsafeMutableRawBufferPointer(rebasing: exact))
            body(&writer)
            precondition(writer.count == count, "an encoding fills exactly its encoded size")
            initializedCount = count
        }
    }

    /// The encoding of `message` in an array of exactly its size.
    @inline(__always)
    static func bytes(of message: some WireEncodable) -> [UInt8] {
        bytes(count: message.encodedSize) { writer in message.encode(into: &writer) }
    }

    /// A copy of the written bytes.
    package var written: [UInt8] {
        [UInt8](UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(base)[..<count]))
    }

    /// Ensures capacity for `more` bytes.
    @inline(__always)
    mutating func reserve(_ more: Int) {
        if more > base.count &- count { grow(more) }
    }

    @inline(never)
    mutating func grow(_ more: Int) {
        precondition(storage != nil, "a writer must not exceed the capacity of fixed memory")
        let larger = WireStorage(capacity: max(base.count * 2, count + more))
        larger.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: base[..<count]))
        base = larger.memory
        storage = larger
    }
}

/// Reference-counted memory of a growing writer.
final class WireStorage {
    let memory: UnsafeMutableRawBufferPointer

    init(capacity: Int) {
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }
}
