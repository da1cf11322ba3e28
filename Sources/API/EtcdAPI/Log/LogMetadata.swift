/// The member and cluster of a log (etcdserverpb.Metadata): the first record after the checksum of
/// each segment.
package struct LogMetadata: WireMessage, Equatable {
    package var nodeID: UInt64
    package var clusterID: UInt64

    package init() {
        self.init(nodeID: 0)
    }

    package init(nodeID: UInt64, clusterID: UInt64 = 0) {
        self.nodeID = nodeID
        self.clusterID = clusterID
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): nodeID = try reader.varint()
            case .varint(2): clusterID = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.explicitUInt64(nodeID, field: 1)
            + WireSize.explicitUInt64(clusterID, field: 2)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendExplicitUInt64(nodeID, field: 1)
        writer.appendExplicitUInt64(clusterID, field: 2)
    }
}
