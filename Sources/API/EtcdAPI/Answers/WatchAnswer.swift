/// A WatchResponse around events that are encoded once and shared by all their watchers.
///
/// The events are the last field, so a response is this head with encoded events behind it:
/// `encodedSize(eventsSizeBytes:)` bytes, of which `encodeHead` writes the first.
package struct WatchAnswer: WireEncodable, Equatable {
    package var header: ResponseHeader?
    package var watchID: Int64
    package var created: Bool
    package var canceled: Bool
    /// Why a canceled watcher could not go on: the oldest revision there is, else 0.
    package var compactRevision: Int64
    package var cancelReason: String
    /// Whether the rest of the events comes with the next response.
    package var fragment: Bool
    /// Events as `WatchEvent.encoded` gives them, one behind the other.
    package var events: [UInt8]

    package init(
        header: ResponseHeader?, watchID: Int64, created: Bool = false, canceled: Bool = false,
        compactRevision: Int64 = 0, cancelReason: String = "", fragment: Bool = false,
        events: [UInt8] = []
    ) {
        self.header = header
        self.watchID = watchID
        self.created = created
        self.canceled = canceled
        self.compactRevision = compactRevision
        self.cancelReason = cancelReason
        self.fragment = fragment
        self.events = events
    }

    package var encodedSize: Int { encodedSize(eventsSizeBytes: events.count) }

    package func encode(into writer: inout WireWriter) {
        encodeHead(into: &writer)
        writer.append(events)
    }

    /// Bytes of the response when its encoded events have `eventsSizeBytes`.
    package func encodedSize(eventsSizeBytes: Int) -> Int {
        var size = eventsSizeBytes
        if let header { size += WireSize.message(header, field: 1) }
        size += WireSize.int64(watchID, field: 2)
        size += WireSize.bool(created, field: 3)
        size += WireSize.bool(canceled, field: 4)
        size += WireSize.int64(compactRevision, field: 5)
        size += WireSize.string(cancelReason, field: 6)
        return size + WireSize.bool(fragment, field: 7)
    }

    /// Appends what stands before the events.
    package func encodeHead(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
        writer.appendInt64(watchID, field: 2)
        writer.appendBool(created, field: 3)
        writer.appendBool(canceled, field: 4)
        writer.appendInt64(compactRevision, field: 5)
        writer.appendString(cancelReason, field: 6)
        writer.appendBool(fragment, field: 7)
    }
}

/// An event around encoded key-values, with the tag and length that make it a part of a
/// WatchResponse.
package struct WatchEvent: WireEncodable {
    private static let field: UInt32 = 11

    package var type: Event.EventType
    /// The encoded pair after the change; of a deletion only key and revision are set.
    package var keyValue: UnsafeRawBufferPointer
    /// The encoded pair before the change, nil when not asked for or there was none.
    package var previous: UnsafeRawBufferPointer?

    package init(
        type: Event.EventType, keyValue: UnsafeRawBufferPointer,
        previous: UnsafeRawBufferPointer? = nil
    ) {
        self.type = type
        self.keyValue = keyValue
        self.previous = previous
    }

    private var eventSize: Int {
        var size = WireSize.int64(Int64(type.rawValue), field: 1)
        size += WireSize.explicitBytes(keyValue.count, field: 2)
        if let previous { size += WireSize.explicitBytes(previous.count, field: 3) }
        return size
    }

    package var encodedSize: Int { WireSize.explicitBytes(eventSize, field: Self.field) }

    package func encode(into writer: inout WireWriter) {
        writer.appendLength(eventSize, field: Self.field)
        writer.appendInt64(Int64(type.rawValue), field: 1)
        writer.appendExplicitBytes(keyValue, field: 2)
        if let previous { writer.appendExplicitBytes(previous, field: 3) }
    }
}

// Only points to memory that nobody writes; who hands it to another thread keeps that alive.
extension WatchEvent: @unchecked Sendable {}
