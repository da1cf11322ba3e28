import Bolt

/// Sorts keys of a lease, of which there may be millions with long prefixes in common.
enum SortedKeys {
    /// The eight bytes of a key after the common prefix of all keys decide most comparisons.
    private struct Item {
        let start: UInt64
        let key: [UInt8]
    }

    /// The keys in ascending order.
    static func sorted(_ keys: Set<[UInt8]>) -> [[UInt8]] {
        guard let first = keys.first else { return [] }
        var common = first.count
        for key in keys { common = min(common, commonCount(first, key)) }
        var items = keys.map { Item(start: start(of: $0, after: common), key: $0) }
        items.sort { left, right in
            left.start == right.start ? precedes(left.key, right.key) : left.start < right.start
        }
        return items.map(\.key)
    }

    private static func commonCount(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let count = min(left.count, right.count)
        for index in 0..<count where left[index] != right[index] { return index }
        return count
    }

    /// Up to eight bytes as a big-endian number; missing ones are zeros.
    private static func start(of key: [UInt8], after count: Int) -> UInt64 {
        var start: UInt64 = 0
        for index in count..<count + 8 {
            start = start << 8 | (index < key.count ? UInt64(key[index]) : 0)
        }
        return start
    }

    private static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { compareBytes(left, $0) < 0 } }
    }
}
