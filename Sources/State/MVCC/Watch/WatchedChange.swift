import EtcdAPI

/// One change of one key as delivered to watchers, encoded once and shared by all of them.
///
/// Made by the notifying thread. The form with the previous pair is added, if a watcher wants it,
/// before the change is delivered to that watcher.
package final class WatchedChange: @unchecked Sendable {
    // `@unchecked Sendable`: immutable but for `encodedWithPrevious`, which is written once by the
    // making thread before the change is delivered to a reader of it.
    /// When it happened.
    package let revision: RevisionPair
    /// Whether the key was deleted.
    package let isDeletion: Bool
    /// The event as a field of a WatchResponse, without the previous pair.
    package let encoded: [UInt8]
    private var encodedWithPrevious: [UInt8]?
    private let isCreation: Bool

    /// Encodes a stored record. A deletion's event holds key and revision only.
    init(_ revision: RevisionPair, isDeletion: Bool, record: KeyValueView) {
        self.revision = revision
        self.isDeletion = isDeletion
        isCreation = !isDeletion && record.createRevision == record.modRevision
        encoded = Self.encode(
            Self.pair(record, revision, isDeletion: isDeletion), isDeletion: isDeletion,
            previous: nil)
    }

    /// The event as a field of a WatchResponse, with the previous pair (if there was one) or
    /// without.
    package func bytes(withPrevious: Bool) -> [UInt8] {
        withPrevious ? encodedWithPrevious ?? encoded : encoded
    }

    /// Bytes of the event with the previous pair, if that was added, or without.
    package func sizeBytes(withPrevious: Bool) -> Int {
        withPrevious ? encodedWithPrevious?.count ?? encoded.count : encoded.count
    }

    /// Bytes of all its encoded forms.
    var heldBytes: Int { encoded.count + (encodedWithPrevious?.count ?? 0) }

    /// Adds the form with the previous pair, read from the store. A pair that was compacted away
    /// or never was is left out, as etcd does.
    func addPrevious(of record: KeyValueView, from store: Store) throws(StoreError) {
        guard encodedWithPrevious == nil, !isCreation,
            let previous = try store.keyValue(of: record.key, at: revision.main.previous)
        else { return }
        encodedWithPrevious = Self.encode(
            Self.pair(record, revision, isDeletion: isDeletion), isDeletion: isDeletion,
            previous: previous)
    }

    private static func pair(
        _ record: KeyValueView, _ revision: RevisionPair, isDeletion: Bool
    ) -> KeyValueView {
        var pair = record
        if isDeletion { pair.modRevision = revision.main.rawValue }
        return pair
    }

    private static func encode(
        _ pair: KeyValueView, isDeletion: Bool, previous: [UInt8]?
    ) -> [UInt8] {
        let type = Event.EventType(rawValue: isDeletion ? 1 : 0)
        let keyValue = WireWriter.bytes(count: pair.encodedSize) { pair.encode(into: &$0) }
        return keyValue.withUnsafeBytes { keyValue in
            guard let previous else {
                let event = WatchEvent(type: type, keyValue: keyValue)
                return WireWriter.bytes(count: event.encodedSize) { event.encode(into: &$0) }
            }
            return previous.withUnsafeBytes { previous in
                let event = WatchEvent(type: type, keyValue: keyValue, previous: previous)
                return WireWriter.bytes(count: event.encodedSize) { event.encode(into: &$0) }
            }
        }
    }
}

extension [WatchedChange] {
    /// The concatenated events of all changes.
    package func withEncoded<Result>(
        withPrevious: Bool, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        if count == 1 { return self[0].bytes(withPrevious: withPrevious).withUnsafeBytes(body) }
        var events: [UInt8] = []
        for change in self { events += change.bytes(withPrevious: withPrevious) }
        return events.withUnsafeBytes(body)
    }
}
