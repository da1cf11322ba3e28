internal import EtcdAPI

/// The prefix of a namespace: added to the keys of requests, removed from those of responses.
struct KeyPrefix: Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// A key of a request; an empty one stays empty, so that the server refuses it.
    func added(to key: [UInt8]) -> ArraySlice<UInt8> {
        isEmpty || key.isEmpty ? key[...] : (bytes + key)[...]
    }

    /// The keys of a request: all keys are those of the namespace.
    func added(to keys: KeyRange) -> KeyRange {
        guard !isEmpty else { return keys }
        if keys.end.isEmpty { return KeyRange(start: Array(added(to: keys.start)), end: []) }
        let start = keys.start == [0] && keys.end == [0] ? bytes : bytes + keys.start
        guard keys.end == [0] else { return KeyRange(start: start, end: bytes + keys.end) }
        return KeyRange(start: start, end: KeyRange.prefix(bytes).end)
    }

    /// A key of a response.
    func removed(from key: ArraySlice<UInt8>) -> [UInt8] {
        isEmpty ? Array(key) : Array(key.dropFirst(bytes.count))
    }
}
