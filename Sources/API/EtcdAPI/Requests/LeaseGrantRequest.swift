/// The request of Lease.LeaseGrant: creates a lease.
package struct LeaseGrantRequest: WireMessage, Equatable {
    package var ttlSeconds: Int64
    /// The requested ID; 0 to let the server choose one.
    package var id: Int64

    package init() {
        self.init(ttlSeconds: 0)
    }

    package init(ttlSeconds: Int64, id: Int64 = 0) {
        self.ttlSeconds = ttlSeconds
        self.id = id
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): ttlSeconds = try reader.int64()
            case .varint(2): id = try reader.int64()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.int64(ttlSeconds, field: 1)
            + WireSize.int64(id, field: 2)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(ttlSeconds, field: 1)
        writer.appendInt64(id, field: 2)
    }
}
