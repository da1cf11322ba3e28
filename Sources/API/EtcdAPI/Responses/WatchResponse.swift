/// A WatchResponse without events: reports creation, cancellation or progress of a watcher.
package struct WatchResponse: WireEncodable, Equatable {
    package var header: ResponseHeader?
    package var watchID: Int64
    package var created: Bool
    package var canceled: Bool
    /// The compacted revision if that is why the watcher was canceled, else 0.
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

/// A WatchResponse with events only. It is written for each of many watchers, so it refers to
/// encoded memory without reference counting or copying.
package struct WatchEventsResponse: WireEncodable {
    /// The header as encoded by `field(of:)`.
    package var header: UnsafeRawBufferPointer
    package var watchID: Int64
    /// Whether the next response contains more of the events.
    package var fragment: Bool
    /// Concatenated events, as encoded by `WatchEvent.encoded`.
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

    /// A header encoded as a field of a WatchResponse.
    package static func field(of header: ResponseHeader) -> [UInt8] {
        WireWriter.bytes(count: WireSize.message(header, field: 1)) { writer in
            writer.appendMessage(header, field: 1)
        }
    }

    /// Bytes of the response without its events.
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

// Only points to immutable memory; code that passes it to another thread keeps the memory alive.
extension WatchEventsResponse: @unchecked Sendable {}

/// An event of encoded key-values, encoded as a field of a WatchResponse.
package struct WatchEvent: WireEncodable {
    private static let field: UInt32 = 11

    package var type: Event.EventType
    /// The encoded pair after the change; a deletion only sets key and revision.
    package var keyValue: UnsafeRawBufferPointer
    /// The encoded previous pair; nil when not requested or not existing.
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

// Only points to immutable memory; code that passes it to another thread keeps the memory alive.
extension WatchEvent: @unchecked Sendable {}
