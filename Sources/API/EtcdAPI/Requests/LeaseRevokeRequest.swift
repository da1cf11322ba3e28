/// The request of Lease.LeaseRevoke: revokes a lease and deletes its keys.
package struct LeaseRevokeRequest: WireMessage, Equatable {
    package var id: Int64

    package init() {
        self.init(id: 0)
    }

    package init(id: Int64) {
        self.id = id
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.int64()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.int64(id, field: 1)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(id, field: 1)
    }
}
