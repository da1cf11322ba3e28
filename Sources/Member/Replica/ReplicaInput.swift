package import Identifiers
package import Raft
package import StateMachine

/// The caller's ID of one waiting read.
package typealias ReadRequestID = UInt64

/// An entry to propose, under the ID by which its response is found.
package struct NumberedProposal: Sendable {
    package let id: UInt64
    package let data: [UInt8]

    package init(id: UInt64, data: [UInt8]) {
        self.id = id
        self.data = data
    }
}

/// Input of a replica.
package enum ReplicaInput: Sendable {
    case tick
    case propose([NumberedProposal])
    case changeMembership(id: UInt64, ConfChange)
    case read(ReadRequestID)
    case message(Message)
    /// The log write of this number, and all earlier ones, are durable.
    case written(WriteNumber)
    case applied(ApplyProgress)
    /// A snapshot at this index is durable: file and log record.
    case snapshotSaved(LogIndex)
    /// Messages to this member are lost.
    case unreachable(MemberID)
    /// Whether the snapshot sent to this member was delivered.
    case snapshotSent(to: MemberID, isDelivered: Bool)
    case transferLeadership(to: MemberID)
    case campaign
    /// So many ticks pass at once, for a member that starts while others are running; they never
    /// make it campaign.
    case advance(ticks: Int)
}
