/// A change of several members at once (raftpb.ConfChangeV2), as the data of an entry.
package struct RaftConfChangeV2: WireMessage, Equatable {
    package var transition: Transition
    package var changes: [Change]
    package var context: [UInt8]

    /// How the joint configuration is entered and left.
    package struct Transition: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        package static var auto: Transition { Transition(rawValue: 0) }
        package static var jointImplicit: Transition { Transition(rawValue: 1) }
        package static var jointExplicit: Transition { Transition(rawValue: 2) }
    }

    package init() {
        self.init(changes: [])
    }

    package init(transition: Transition = .auto, changes: [Change], context: [UInt8] = []) {
        self.transition = transition
        self.changes = changes
        self.context = context
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): transition = Transition(rawValue: try reader.int32())
            case .bytes(2): changes.append(try reader.message())
            case .bytes(3): context = try reader.array()
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        var size = WireSize.int64(Int64(transition.rawValue), field: 1)
        for change in changes { size += WireSize.message(change, field: 2) }
        return size + WireSize.bytes(context.count, field: 3)
    }

    package func encode(into writer: inout WireWriter) {
        writer.appendInt64(Int64(transition.rawValue), field: 1)
        for change in changes { writer.appendMessage(change, field: 2) }
        writer.appendBytes(context, field: 3)
    }
}

extension RaftConfChangeV2 {
    /// The change of one member (raftpb.ConfChangeSingle).
    package struct Change: WireMessage, Equatable {
        package var type: RaftConfChange.ChangeType
        package var nodeID: UInt64

        package init() {
            self.init(type: .addNode, nodeID: 0)
        }

        package init(type: RaftConfChange.ChangeType, nodeID: UInt64) {
            self.type = type
            self.nodeID = nodeID
        }

        package mutating func merge(from reader: inout WireReader) throws(WireError) {
            while let tag = try reader.nextTag() {
                switch tag {
                case .varint(1): type = .init(rawValue: try reader.int32())
                case .varint(2): nodeID = try reader.varint()
                default: try reader.skip(tag)
                }
            }
        }

        package var encodedSize: Int {
            WireSize.explicitUInt64(type.wireValue, field: 1)
                + WireSize.explicitUInt64(nodeID, field: 2)
        }

        package func encode(into writer: inout WireWriter) {
            writer.appendExplicitUInt64(type.wireValue, field: 1)
            writer.appendExplicitUInt64(nodeID, field: 2)
        }
    }
}
