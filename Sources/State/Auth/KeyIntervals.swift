import Glibc

/// A set of keys as merged intervals, to check what it covers by one binary search.
///
/// The starts and ends of the intervals alternate in one list of boundaries, strictly ascending, so
/// a key is covered if an odd number of boundaries is not above it. With an odd number in all the
/// last interval has no end.
///
/// Keys of a cluster often start alike. So the search compares one word of each boundary after the
/// bytes that all of them start with, and whole boundaries only if their words are equal.
package struct KeyIntervals: Sendable, Equatable {
    /// All boundaries, one after the other.
    private var bytes: [UInt8] = []
    /// Where each boundary starts in `bytes`, and the end of the last one.
    private var offsets = [0]
    /// Number of bytes with which all boundaries start.
    private var prefixCount = 0
    /// The bytes after the prefix, big-endian, filled up with zeros.
    private var words: [UInt64] = []

    package init() {}

    /// Merges the ranges of permissions. A permission that has no key or an empty range covers
    /// nothing.
    package init(of permissions: some Sequence<AuthPermission>) {
        var intervals = permissions.compactMap(KeyInterval.init)
        intervals.sort { $0.start.lexicographicallyPrecedes($1.start) }
        var merged: KeyInterval?
        for interval in intervals {
            if merged?.extend(by: interval) ?? false { continue }
            if let merged { append(merged) }
            merged = interval
        }
        if let merged { append(merged) }
        indexWords()
    }

    /// Starts and ends of the intervals.
    package var boundaryCount: Int { offsets.count - 1 }

    /// Memory in bytes.
    var sizeBytes: Int {
        bytes.count + offsets.count * MemoryLayout<Int>.size
            + words.count * MemoryLayout<UInt64>.size
    }

    /// Whether all keys of a range are in the set.
    ///
    /// As in etcd a range whose end is not above its key counts as its key.
    ///
    /// - Parameter rangeEnd: as in a RangeRequest: empty for the key alone, one zero byte for no
    ///   end.
    package func covers(_ key: ArraySlice<UInt8>, _ rangeEnd: ArraySlice<UInt8>) -> Bool {
        let index = key.withUnsafeBytes(countOfBoundaries)
        guard index % 2 == 1 else { return false }
        if rangeEnd.isEmpty || index == boundaryCount { return true }
        if rangeEnd.count == 1, rangeEnd.first == 0 { return false }
        return rangeEnd.withUnsafeBytes { end in
            bytes.withUnsafeBytes { !Self.precedes(boundary(index, $0), end) }
        }
    }

    /// The number of boundaries that are not above a key.
    private func countOfBoundaries(_ key: UnsafeRawBufferPointer) -> Int {
        bytes.withUnsafeBytes { bytes in
            let prefix = UnsafeRawBufferPointer(rebasing: bytes.prefix(prefixCount))
            let start = UnsafeRawBufferPointer(rebasing: key.prefix(prefixCount))
            if Self.precedes(start, prefix) { return 0 }
            if Self.precedes(prefix, start) { return boundaryCount }
            let word = Self.word(key, from: prefixCount)
            var (low, high) = (0, boundaryCount)
            while low < high {
                let middle = (low + high) / 2
                let other = words[middle]
                if word == other
                    ? Self.precedes(key, boundary(middle, bytes)) : word < other
                {
                    high = middle
                } else {
                    low = middle + 1
                }
            }
            return low
        }
    }

    /// Finds the common prefix, of the lowest and the highest boundary, and the words after it.
    private mutating func indexWords() {
        guard boundaryCount > 0 else { return }
        (prefixCount, words) = bytes.withUnsafeBytes { bytes in
            let pairs = zip(boundary(0, bytes), boundary(boundaryCount - 1, bytes))
            let count = pairs.prefix { $0 == $1 }.count
            return (count, (0..<boundaryCount).map { Self.word(boundary($0, bytes), from: count) })
        }
    }

    private static func word(_ key: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
        let count = key.count - start
        if count >= 8 {
            return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
        var word: UInt64 = 0
        for index in 0..<max(count, 0) {
            word |= UInt64(key[start + index]) << UInt64(56 - 8 * index)
        }
        return word
    }

    private func boundary(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[offsets[index]..<offsets[index + 1]])
    }

    private mutating func append(_ interval: KeyInterval) {
        append(interval.start)
        if let end = interval.end { append(end) }
    }

    private mutating func append(_ boundary: [UInt8]) {
        bytes += boundary
        offsets.append(bytes.count)
    }

    private static func precedes(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) -> Bool {
        guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else {
            return left.count < right.count
        }
        let order = memcmp(leftStart, rightStart, min(left.count, right.count))
        return order == 0 ? left.count < right.count : order < 0
    }
}

/// The keys from `start` on, up to `end`.
private struct KeyInterval {
    let start: [UInt8]
    /// Nil if there is no end.
    private(set) var end: [UInt8]?

    /// The range of a permission; nil if it covers nothing.
    init?(_ permission: AuthPermission) {
        guard permission.isGrantable else { return nil }
        start = permission.key
        switch permission.rangeEnd {
        case []: end = permission.key + [0]
        case [0]: end = nil
        default: end = permission.rangeEnd
        }
    }

    /// Adds an interval that starts within this one or at its end.
    ///
    /// - Returns: false if it starts later.
    mutating func extend(by other: KeyInterval) -> Bool {
        guard let end else { return true }
        guard !end.lexicographicallyPrecedes(other.start) else { return false }
        guard let otherEnd = other.end else {
            self.end = nil
            return true
        }
        if end.lexicographicallyPrecedes(otherEnd) { self.end = otherEnd }
        return true
    }
}
