/// The voters and learners of a configuration (raftpb.ConfState).
package struct RaftConfState: WireMessage, Equatable {
    package var voters: [UInt64]
    package var learners: [UInt64]
    /// Voters of the outgoing configuration in a joint configuration.
    package var votersOutgoing: [UInt64]
    /// Voters that become learners when the joint configuration is left.
    package var learnersNext: [UInt64]
    /// Whether the joint configuration is left automatically.
    package var autoLeave: Bool

    package init() {
        self.init(voters: [])
    }

    package init(
        voters: [UInt64], learners: [UInt64] = [], votersOutgoing: [UInt64] = [],
        learnersNext: [UInt64] = [], autoLeave: Bool = false
    ) {
        self.voters = voters
        self.learners = learners
        self.votersOutgoing = votersOutgoing
        self.learnersNext = learnersNext
        self.autoLeave = autoLeave
    }

    package mutating func merge(from reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): voters.append(try reader.varint())
            case .varint(2): learners.append(try reader.varint())
            case .varint(3): votersOutgoing.append(try reader.varint())
            case .varint(4): learnersNext.append(try reader.varint())
            case .varint(5): autoLeave = try reader.bool()
            case .bytes(1): try reader.packed { member in voters.append(member) }
            case .bytes(2): try reader.packed { member in learners.append(member) }
            case .bytes(3): try reader.packed { member in votersOutgoing.append(member) }
            case .bytes(4): try reader.packed { member in learnersNext.append(member) }
            default: try reader.skip(tag)
            }
        }
    }

    package var encodedSize: Int {
        var size = WireSize.explicitUInt64(0, field: 5)
        for member in voters { size += WireSize.explicitUInt64(member, field: 1) }
        for member in learners { size += WireSize.explicitUInt64(member, field: 2) }
        for member in votersOutgoing { size += WireSize.explicitUInt64(member, field: 3) }
        for member in learnersNext { size += WireSize.explicitUInt64(member, field: 4) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        for member in voters { writer.appendExplicitUInt64(member, field: 1) }
        for member in learners { writer.appendExplicitUInt64(member, field: 2) }
        for member in votersOutgoing { writer.appendExplicitUInt64(member, field: 3) }
        for member in learnersNext { writer.appendExplicitUInt64(member, field: 4) }
        writer.appendExplicitUInt64(autoLeave ? 1 : 0, field: 5)
    }
}
