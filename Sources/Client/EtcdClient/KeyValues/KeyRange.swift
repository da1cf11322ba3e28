/// Which keys a request is about.
public struct KeyRange: Hashable, Sendable {
    /// The first key.
    public let start: [UInt8]
    /// As on the wire: empty for a single key, `[0]` for all keys from `start` on, otherwise the
    /// first key after the range.
    public let end: [UInt8]

    /// A single key.
    public static func key(_ key: some EtcdBytes) -> KeyRange {
        KeyRange(start: key.etcdBytes, end: [])
    }

    /// From a key up to another, which is excluded.
    public static func range(_ start: some EtcdBytes, upTo end: some EtcdBytes) -> KeyRange {
        KeyRange(start: start.etcdBytes, end: end.etcdBytes)
    }

    /// From a key to the end of the keyspace.
    public static func from(_ start: some EtcdBytes) -> KeyRange {
        let start = start.etcdBytes
        return KeyRange(start: start.isEmpty ? [0] : start, end: [0])
    }

    /// Every key.
    public static let all = KeyRange(start: [0], end: [0])

    /// The keys that begin with a prefix; every key for an empty one.
    public static func prefix(_ prefix: some EtcdBytes) -> KeyRange {
        let prefix = prefix.etcdBytes
        guard !prefix.isEmpty else { return .all }
        var end = prefix
        while let last = end.popLast() {
            if last < 0xFF { return KeyRange(start: prefix, end: end + [last + 1]) }
        }
        return KeyRange(start: prefix, end: [0])
    }
}
