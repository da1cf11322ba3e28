/// The keys of a request.
public struct KeyRange: Hashable, Sendable {
    /// The first key.
    public let start: [UInt8]
    /// As on the wire: empty for a single key, `[0]` for all keys from `start` on, otherwise the
    /// first key after the range.
    public let end: [UInt8]

    /// A single key.
    public static func key(_ key: [UInt8]) -> KeyRange { KeyRange(start: key, end: []) }
    /// A single key.
    public static func key(_ key: String) -> KeyRange { .key(Array(key.utf8)) }
    /// From a key up to another, which is excluded.
    public static func range(_ start: [UInt8], upTo end: [UInt8]) -> KeyRange {
        KeyRange(start: start, end: end)
    }
    /// From a key to the end of the keyspace.
    public static func from(_ start: [UInt8]) -> KeyRange {
        KeyRange(start: start.isEmpty ? [0] : start, end: [0])
    }
    /// Every key.
    public static let all = KeyRange(start: [0], end: [0])

    /// The keys that begin with a prefix; every key for an empty one.
    public static func prefix(_ prefix: [UInt8]) -> KeyRange {
        guard !prefix.isEmpty else { return .all }
        var end = prefix
        while let last = end.popLast() {
            if last < 0xFF { return KeyRange(start: prefix, end: end + [last + 1]) }
        }
        return KeyRange(start: prefix, end: [0])
    }
    /// The keys that begin with a prefix; every key for an empty one.
    public static func prefix(_ prefix: String) -> KeyRange { .prefix(Array(prefix.utf8)) }
}
