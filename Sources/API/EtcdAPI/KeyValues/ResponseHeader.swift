/// The header of every response (etcdserverpb.ResponseHeader).
package struct ResponseHeader: WireMessage, Equatable {
    package var clusterID: UInt64
    /// The responding member.
    package var memberID: UInt64
    /// Revision of the key-value store.
    package var revision: Int64
    package var raftTerm: UInt64

    package init() {
        self.init(clusterID: 0)
    }

    package init(
        clusterID: UInt64, memberID: UInt64 = 0, revision: Int64 = 0, raftTerm: UInt64 = 0
    ) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.revision = revision
        self.raftTerm = raftTerm
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): clusterID = try reader.varint()
            case .varint(2): memberID = try reader.varint()
            case .varint(3): revision = try reader.int64()
            case .varint(4): raftTerm = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.uint64(clusterID, field: 1)
            + WireSize.uint64(memberID, field: 2)
            + WireSize.int64(revision, field: 3)
            + WireSize.uint64(raftTerm, field: 4)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendUInt64(clusterID, field: 1)
        writer.appendUInt64(memberID, field: 2)
        writer.appendInt64(revision, field: 3)
        writer.appendUInt64(raftTerm, field: 4)
    }
}
