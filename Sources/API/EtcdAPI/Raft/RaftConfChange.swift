/// A change of one member (raftpb.ConfChange), as the data of an entry.
package struct RaftConfChange: WireMessage, Equatable {
    /// The request ID; 0 in the entries that bootstrap a cluster.
    package var id: UInt64
    package var type: ChangeType
    package var nodeID: UInt64
    /// The member as etcd's JSON.
    package var context: [UInt8]

    /// The kind of change.
    package struct ChangeType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var addNode: ChangeType { ChangeType(rawValue: 0) }
        package static var removeNode: ChangeType { ChangeType(rawValue: 1) }
        package static var updateNode: ChangeType { ChangeType(rawValue: 2) }
        package static var addLearnerNode: ChangeType { ChangeType(rawValue: 3) }
    }

    package init() {
        self.init(type: .addNode, nodeID: 0)
    }

    package init(id: UInt64 = 0, type: ChangeType, nodeID: UInt64, context: [UInt8] = []) {
        self.id = id
        self.type = type
        self.nodeID = nodeID
        self.context = context
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): id = try reader.varint()
            case .varint(2): type = ChangeType(rawValue: try reader.int32())
            case .varint(3): nodeID = try reader.varint()
            case .bytes(4): context = try reader.array()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        WireSize.uint64(id, field: 1)
            + WireSize.explicitUInt64(type.wireValue, field: 2)
            + WireSize.explicitUInt64(nodeID, field: 3)
            + WireSize.bytes(context.count, field: 4)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendUInt64(id, field: 1)
        writer.appendExplicitUInt64(type.wireValue, field: 2)
        writer.appendExplicitUInt64(nodeID, field: 3)
        writer.appendBytes(context, field: 4)
    }
}

extension RaftConfChange.ChangeType {
    /// The number as encoded in a varint.
    var wireValue: UInt64 { UInt64(bitPattern: Int64(rawValue)) }
}
