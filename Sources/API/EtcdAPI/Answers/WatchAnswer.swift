/// A WatchResponse without events: it tells what became of a watcher, or how far it has come.
package struct WatchAnswer: WireEncodable, Equatable {
    package var header: ResponseHeader?
    package var watchID: Int64
    package var created: Bool
    package var canceled: Bool
    /// Why a canceled watcher could not go on: the oldest revision there is, else 0.
    package var compactRevision: Int64
    package var cancelReason: String

    package init(
        header: ResponseHeader?, watchID: Int64, created: Bool = false, canceled: Bool = false,
        compactRevision: Int64 = 0, cancelReason: String = ""
    ) {
        self.header = header
        self.watchID = watchID
        self.created = created
        self.canceled = canceled
        self.compactRevision = compactRevision
        self.cancelReason = cancelReason
    }

    package var encodedSize: Int {
        var size = 0
        if let header { size += WireSize.message(header, field: 1) }
        size += WireSize.int64(watchID, field: 2)
        size += WireSize.bool(created, field: 3)
        size += WireSize.bool(canceled, field: 4)
        size += WireSize.int64(compactRevision, field: 5)
        return size + WireSize.string(cancelReason, field: 6)
    }

    package func encode(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
        writer.appendInt64(watchID, field: 2)
        writer.appendBool(created, field: 3)
        writer.appendBool(canceled, field: 4)
        writer.appendInt64(compactRevision, field: 5)
        writer.appendString(cancelReason, field: 6)
    }
}

/// A WatchResponse that tells of events and of nothing else, as it is written for each of many
/// watchers: nothing in it is counted or copied.
package struct WatchEventsAnswer: WireEncodable {
    /// The header as `field(of:)` gives it.
    package var header: UnsafeRawBufferPointer
    package var watchID: Int64
    /// Whether the rest of the events comes with the next response.
    package var fragment: Bool
    /// Events as `WatchEvent.encoded` gives them, one behind the other.
    package var events: UnsafeRawBufferPointer

    package init(
        header: UnsafeRawBufferPointer, watchID: Int64, fragment: Bool = false,
        events: UnsafeRawBufferPointer
    ) {
        self.header = header
        self.watchID = watchID
        self.fragment = fragment
        self.events = events
    }

    /// A header with the tag and length that make it a part of a WatchResponse.
    package static func field(of header: ResponseHeader) -> [UInt8] {
        WireWriter.bytes(count: WireSize.message(header, field: 1)) { writer in
            writer.appendMessage(header, field: 1)
        }
    }

    /// Bytes of the response beside its events.
    package var headSize: Int {
        header.count + WireSize.int64(watchID, field: 2)
            + WireSize.bool(fragment, field: 7)
    }

    package var encodedSize: Int { headSize + events.count }

    package func encode(into writer: inout WireWriter) {
        writer.append(header)
        writer.appendInt64(watchID, field: 2)
        writer.appendBool(fragment, field: 7)
        writer.append(events)
    }
}

// Only points to memory that nobody writes; who hands it to another thread keeps that alive.
extension WatchEventsAnswer: @unchecked Sendable {}

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
