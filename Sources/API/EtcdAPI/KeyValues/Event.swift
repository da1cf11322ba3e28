/// One change of one key (mvccpb.Event), as sent to watchers.
package struct Event: WireMessage, Equatable {
    package var type: EventType
    /// The pair after the change; for a deletion the key and its revision.
    package var keyValue: KeyValue?
    /// The previous pair, if requested and existing.
    package var previous: KeyValue?

    /// The kind of change.
    package struct EventType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var put: EventType { EventType(rawValue: 0) }
        package static var delete: EventType { EventType(rawValue: 1) }
    }

    package init() {
        self.init(type: .put, keyValue: nil)
    }

    package init(type: EventType, keyValue: KeyValue?, previous: KeyValue? = nil) {
        self.type = type
        self.keyValue = keyValue
        self.previous = previous
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): type = EventType(rawValue: try reader.int32())
            case .bytes(2): try reader.message(into: &keyValue)
            case .bytes(3): try reader.message(into: &previous)
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        var size = WireSize.int64(Int64(type.rawValue), field: 1)
        if let keyValue { size += WireSize.message(keyValue, field: 2) }
        if let previous { size += WireSize.message(previous, field: 3) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(Int64(type.rawValue), field: 1)
        if let keyValue { writer.appendMessage(keyValue, field: 2) }
        if let previous { writer.appendMessage(previous, field: 3) }
    }
}
