internal import EtcdAPI
internal import Identifiers

/// A response on a watch stream.
struct WatchMessage: DecodableResponse {
    var header = EtcdAPI.ResponseHeader()
    var isCreated = false
    var isCanceled = false
    var compactRevision = Revision(0)
    var cancelReason = ""
    /// Whether more events of the last revision follow.
    var isFragment = false
    var events: [WatchEvent] = []

    init(from reader: inout WireReader, _ decoding: ResponseDecoding) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): try reader.message(into: &header)
            case .varint(3): isCreated = try reader.bool()
            case .varint(4): isCanceled = try reader.bool()
            case .varint(5): compactRevision = Revision(try reader.int64())
            case .bytes(6): cancelReason = try reader.string()
            case .varint(7): isFragment = try reader.bool()
            case .bytes(11): events.append(try Self.event(in: &reader, decoding))
            default: try reader.skip(tag)
            }
        }
    }

    private static func event(
        in reader: inout WireReader, _ decoding: ResponseDecoding
    ) throws(WireError) -> WatchEvent {
        var inner = WireReader(try reader.rawBytes())
        var isDeletion = false
        var pair = KeyValue()
        var previous: KeyValuePair?
        while let tag = try inner.nextTag() {
            switch tag {
            case .varint(1): isDeletion = try inner.int32() == 1
            case .bytes(2): try inner.message(into: &pair)
            case .bytes(3): previous = try .nested(in: &inner, decoding)
            default: try inner.skip(tag)
            }
        }
        return WatchEvent(
            kind: isDeletion ? .delete : .put, pair: KeyValuePair(pair, decoding.prefix),
            previous: previous)
    }

    /// Why the server ended the watch.
    var cancelError: EtcdClientError {
        guard compactRevision == 0 else {
            return EtcdClientError(
                .compacted(at: compactRevision), code: .outOfRange,
                message: EtcdError.compacted.message)
        }
        return EtcdClientError(cancelReason: cancelReason)
    }
}
