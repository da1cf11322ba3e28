internal import Glibc

/// A branch or leaf page with a checked header, whose elements are checked on access.
///
/// It borrows its bytes: it is valid as long as the mapping or value that it was made from. No
/// content makes an accessor read outside `byteCount`.
struct PageView {
    let base: UnsafeRawPointer
    /// The page with its overflow pages.
    let byteCount: Int
    let id: PageID
    let count: Int
    let isLeaf: Bool

    /// Checks a header. `byteCount` bytes must be readable at `base`.
    init(base: UnsafeRawPointer, byteCount: Int, id: PageID) throws(PageFault) {
        guard byteCount >= PageLayout.headerBytes else {
            throw PageFault(id, .elementsOutOfBounds)
        }
        let flags = base.loadLittle(at: 8, as: UInt16.self)
        switch flags {
        case PageLayout.leafFlag: isLeaf = true
        case PageLayout.branchFlag: isLeaf = false
        default: throw PageFault(id, .wrongType)
        }
        count = Int(base.loadLittle(at: 10, as: UInt16.self))
        guard PageLayout.headerBytes + count * PageLayout.elementBytes <= byteCount else {
            throw PageFault(id, .elementsOutOfBounds)
        }
        self.base = base
        self.byteCount = byteCount
        self.id = id
    }

    /// The pages of this one, including its overflow pages.
    func run(pageSizeBytes: Int) -> PageRun {
        PageRun(first: id, count: byteCount / pageSizeBytes)
    }

    /// The key of an element; `index` is below `count`.
    @inline(__always)
    func key(at index: Int) throws(PageFault) -> UnsafeRawBufferPointer {
        let element = offset(of: index)
        let sizesAt = isLeaf ? element + 4 : element
        let start = element + Int(base.loadLittle(at: sizesAt, as: UInt32.self))
        let keyBytes = Int(base.loadLittle(at: sizesAt + 4, as: UInt32.self))
        guard start + keyBytes <= byteCount else { throw PageFault(id, .dataOutOfBounds) }
        return UnsafeRawBufferPointer(start: base + start, count: keyBytes)
    }

    /// Key, value and flags of a leaf's element; `index` is below `count`.
    @inline(__always)
    func item(at index: Int) throws(PageFault) -> LeafItem {
        let element = offset(of: index)
        let start = element + Int(base.loadLittle(at: element + 4, as: UInt32.self))
        let keyBytes = Int(base.loadLittle(at: element + 8, as: UInt32.self))
        let valueBytes = Int(base.loadLittle(at: element + 12, as: UInt32.self))
        guard start + keyBytes + valueBytes <= byteCount else {
            throw PageFault(id, .dataOutOfBounds)
        }
        let flags = base.loadLittle(at: element, as: UInt32.self)
        guard flags <= PageLayout.bucketElementFlag else { throw PageFault(id, .elementType) }
        return LeafItem(
            key: UnsafeRawBufferPointer(start: base + start, count: keyBytes),
            value: UnsafeRawBufferPointer(start: base + start + keyBytes, count: valueBytes),
            flags: flags)
    }

    /// Whether a leaf's element is a bucket; `index` is below `count`.
    func isBucket(at index: Int) -> Bool {
        let flags = base.loadLittle(at: offset(of: index), as: UInt32.self)
        return flags & PageLayout.bucketElementFlag != 0
    }

    /// The page that a branch's element points to; `index` is below `count`.
    @inline(__always)
    func child(at index: Int) -> PageID {
        PageID(rawValue: base.loadLittle(at: offset(of: index) + 8, as: UInt64.self))
    }

    /// Index of the first key not below `key`, and whether it is that key.
    @inline(__always)
    func search(_ key: UnsafeRawBufferPointer) throws(PageFault) -> (index: Int, found: Bool) {
        guard count > 0 else { return (0, false) }
        let first = SearchKey(try self.key(at: 0)).head
        return try search(SearchKey(key), firstHead: first)
    }

    /// The same with the known head of the first key.
    ///
    /// Revision keys begin with an ascending number, so their position is guessed from it: each
    /// saved probe saves a cache miss. For other keys a binary search continues after a few
    /// guesses.
    @inline(__always)
    func search(
        _ searchKey: SearchKey, firstHead: UInt64?
    ) throws(PageFault) -> (index: Int, found: Bool) {
        var low = 0
        var high = count
        if let head = searchKey.head, let firstHead, head >= firstHead {
            let distance = head - firstHead
            // As if each key were one above the previous one.
            var guess = Int(clamping: distance)
            for _ in 0..<Self.guessesMax where low < high {
                let probe = min(max(guess, low), high - 1)
                let other = try key(at: probe)
                let order = searchKey.order(of: other)
                if order == 0 { return (probe, true) }
                if order < 0 { low = probe + 1 } else { high = probe }
                guard let reached = SearchKey(other).head, reached > firstHead else { break }
                let (product, overflow) = distance.multipliedReportingOverflow(by: UInt64(probe))
                if overflow { break }
                guess = Int(clamping: product / (reached - firstHead))
            }
        }
        while low < high {
            let middle = (low + high) / 2
            let order = searchKey.order(of: try self.key(at: middle))
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }

    private static let guessesMax = 4

    /// The position of the key in a page that begins with `firstHead` if each key is one above the
    /// previous one. Not beyond the maximum of a page.
    @inline(__always)
    static func guess(of key: UnsafeRawBufferPointer, firstHead: UInt64?) -> Int? {
        guard let head = SearchKey(key).head, let firstHead, head >= firstHead else { return nil }
        return min(Int(clamping: head - firstHead), Int(UInt16.max))
    }

    /// Whether `key` is the first or the last key or between them; the page is not empty.
    @inline(__always)
    func encloses(_ key: UnsafeRawBufferPointer) throws(PageFault) -> Bool {
        let searchKey = SearchKey(key)
        guard searchKey.order(of: try self.key(at: 0)) <= 0 else { return false }
        return searchKey.order(of: try self.key(at: count - 1)) >= 0
    }

    /// Whether `key` is between the key at `index` and the next one of this page.
    @inline(__always)
    func encloses(_ key: UnsafeRawBufferPointer, at index: Int) throws(PageFault) -> Bool {
        guard index + 1 < count else { return false }
        let searchKey = SearchKey(key)
        guard searchKey.order(of: try self.key(at: index)) <= 0 else { return false }
        return searchKey.order(of: try self.key(at: index + 1)) > 0
    }

    /// Index of the branch element whose subtree holds `key`; the branch is not empty.
    @inline(__always)
    func childIndex(for key: UnsafeRawBufferPointer) throws(PageFault) -> Int {
        let match = try search(key)
        return match.found ? match.index : max(0, match.index - 1)
    }

    /// Bytes in use, up to the end of the last element: writers lay data out in order.
    func usedBytes() throws(PageFault) -> Int {
        if count == 0 { return PageLayout.headerBytes }
        let last: UnsafeRawBufferPointer
        var valueBytes = 0
        if isLeaf {
            let item = try item(at: count - 1)
            (last, valueBytes) = (item.key, item.value.count)
        } else {
            last = try key(at: count - 1)
        }
        guard let start = last.baseAddress else { return byteCount }
        return start - base + last.count + valueBytes
    }

    @inline(__always)
    private func offset(of index: Int) -> Int {
        assert(index >= 0 && index < count, "an element index lies in the page")
        return PageLayout.headerBytes + index * PageLayout.elementBytes
    }
}

/// One element of a leaf page, borrowed.
struct LeafItem {
    let key: UnsafeRawBufferPointer
    let value: UnsafeRawBufferPointer
    let flags: UInt32

    var isBucket: Bool { flags & PageLayout.bucketElementFlag != 0 }
}

/// Negative, zero or positive as `left` sorts before, equal to or after `right`, by bytes.
@inline(__always)
package func compareBytes(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
) -> Int {
    if let leftStart = left.baseAddress, let rightStart = right.baseAddress {
        let order = memcmp(leftStart, rightStart, min(left.count, right.count))
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}

extension UnsafeRawPointer {
    /// An integer of the file at any alignment.
    @inline(__always)
    func loadLittle<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Number.Type
    ) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}

extension UnsafeMutableRawPointer {
    /// Stores an integer of the file at any alignment.
    @inline(__always)
    func storeLittle<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: Number.self)
    }
}

/// A key that many keys are compared with: its first eight bytes as a number decide most
/// comparisons without a call. Revision keys begin with exactly such a number.
struct SearchKey {
    private let bytes: UnsafeRawBufferPointer
    /// The first eight bytes as a number of the same order, nil for a shorter key.
    let head: UInt64?

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        head = bytes.count >= 8 ? UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) : nil
    }

    /// Negative, zero or positive as `other` sorts before, equal to or after this key.
    @inline(__always)
    func order(of other: UnsafeRawBufferPointer) -> Int {
        if let head, let otherHead = SearchKey(other).head, otherHead != head {
            return otherHead < head ? -1 : 1
        }
        return Int(compareBytes(other, bytes))
    }
}
