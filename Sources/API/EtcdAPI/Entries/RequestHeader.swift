/// The header of a proposed request (etcdserverpb.RequestHeader).
package struct RequestHeader: WireMessage, Equatable {
    /// Unique ID by which the proposer finds its pending request.
    package var id: UInt64
    /// The user, empty when auth is off.
    package var username: String
    /// Auth store revision at which the request was authorized.
    package var authRevision: UInt64

    package init() {
        self.init(id: 0)
    }

    package init(id: UInt64, username: String = "", authRevision: UInt64 = 0) {
        self.id = id
        self.username = username
        self.authRevision = authRevision
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.varint()
            case .bytes(2): username = try reader.string()
            case .varint(3): authRevision = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.uint64(id, field: 1)
            + WireSize.string(username, field: 2)
            + WireSize.uint64(authRevision, field: 3)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendUInt64(id, field: 1)
        writer.appendString(username, field: 2)
        writer.appendUInt64(authRevision, field: 3)
    }
}
