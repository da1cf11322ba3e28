package import Raft
package import StateMachine

/// The caller's name for one read that waits.
package typealias ReadTicket = UInt64

/// An entry to propose, under the number by which its answer is found.
package struct NumberedProposal: Sendable {
    package let id: UInt64
    package let data: [UInt8]

    package init(id: UInt64, data: [UInt8]) {
        self.id = id
        self.data = data
    }
}

/// What a replica is told.
package enum ReplicaInput: Sendable {
    case tick
    case propose([NumberedProposal])
    case changeMembership(id: UInt64, ConfChange)
    case read(ReadTicket)
    case message(Message)
    /// The log write of this number, and all before it, are durable.
    case written(WriteNumber)
    case applied(ApplyProgress)
    /// A snapshot at this index is durable: file and log record.
    case snapshotSaved(LogIndex)
    /// Messages to this member get lost.
    case unreachable(MemberID)
    /// What became of the snapshot that was sent to this member.
    case snapshotSent(to: MemberID, isDelivered: Bool)
    case transferLeadership(to: MemberID)
    case campaign
    /// So many ticks pass at once, for a member that starts among others that are up; they never
    /// make it campaign.
    case advance(ticks: Int)
}
