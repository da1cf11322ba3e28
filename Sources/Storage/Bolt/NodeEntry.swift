/// An element of a node in memory: the addresses of its key and value, in the mapping or in the
/// arena.
struct NodeEntry {
    private let keyStart: UnsafeRawPointer?
    /// Address of a leaf's value, or page number of a branch's child.
    private let word: UInt
    private let keyBytes: UInt32
    private let valueBytes: UInt32
    let flags: UInt32

    /// An entry of a leaf.
    init(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, flags: UInt32) {
        keyStart = key.baseAddress
        keyBytes = UInt32(key.count)
        word = UInt(bitPattern: value.baseAddress)
        valueBytes = UInt32(value.count)
        self.flags = flags
    }

    /// An entry of a branch.
    init(key: UnsafeRawBufferPointer, child: PageID) {
        keyStart = key.baseAddress
        keyBytes = UInt32(key.count)
        word = UInt(child.rawValue)
        valueBytes = 0
        flags = 0
    }

    @inline(__always)
    var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: keyStart, count: Int(keyBytes))
    }

    @inline(__always)
    var value: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: word), count: Int(valueBytes))
    }

    var child: PageID { PageID(rawValue: UInt64(word)) }

    var isBucket: Bool { flags & PageLayout.bucketElementFlag != 0 }

    /// Bytes it takes in a page.
    @inline(__always)
    var byteCount: Int { PageLayout.elementBytes + Int(keyBytes) + Int(valueBytes) }
}
