internal import EtcdAPI

/// The fields of a watch response that the load generator needs, decoded in place.
struct WatchDelivery {
    private(set) var watchID: Int64 = 0
    private(set) var isCreated = false
    private(set) var isCanceled = false
    private(set) var eventCount = 0

    /// - Parameter eachValue: is called with the value of each event's pair.
    init(
        _ message: [UInt8], eachValue: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(WireError) {
        self = try message.withUnsafeBufferPointer { (bytes) throws(WireError) in
            try Self.read(UnsafeRawBufferPointer(bytes), eachValue)
        }
    }

    private init() {}

    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ eachValue: (UnsafeRawBufferPointer) -> Void
    ) throws(WireError) -> WatchDelivery {
        var delivery = WatchDelivery()
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(2): delivery.watchID = try reader.int64()
            case .varint(3): delivery.isCreated = try reader.bool()
            case .varint(4): delivery.isCanceled = try reader.bool()
            case .bytes(11):
                delivery.eventCount += 1
                try readEvent(try reader.rawBytes(), eachValue)
            default: try reader.skip(tag)
            }
        }
        return delivery
    }

    /// Event.kv is field 2, KeyValue.value field 5.
    private static func readEvent(
        _ bytes: UnsafeRawBufferPointer, _ eachValue: (UnsafeRawBufferPointer) -> Void
    ) throws(WireError) {
        var event = WireReader(bytes)
        while let tag = try event.nextTag() {
            guard tag == .bytes(2) else {
                try event.skip(tag)
                continue
            }
            var pair = WireReader(try event.rawBytes())
            while let tag = try pair.nextTag() {
                if tag == .bytes(5) { eachValue(try pair.rawBytes()) } else { try pair.skip(tag) }
            }
        }
    }
}
