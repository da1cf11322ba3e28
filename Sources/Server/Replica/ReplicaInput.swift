package import Raft
package import StateMachine

/// Limits of one member that are the caller's, not Raft's.
package struct ReplicaSettings: Sendable {
    /// Applied entries between two snapshots.
    package var snapshotCount: Int
    /// Entries kept behind a snapshot for followers that lag.
    package var catchUpEntries: Int
    /// Ticks after which a read round without an answer is asked anew.
    package var readRetryTicks: Int
    /// Ticks after a delivered snapshot during which the log in memory is not cut, so that its
    /// receiver can go on from it.
    package var tailHoldTicks: Int
    /// Whether the caller applies entries of a sole write by itself (`ReplicaEffect.write`).
    package var appliesSoleWrites = false

    package init(
        snapshotCount: Int, catchUpEntries: Int, readRetryTicks: Int = 5, tailHoldTicks: Int = 300
    ) {
        self.snapshotCount = snapshotCount
        self.catchUpEntries = catchUpEntries
        self.readRetryTicks = readRetryTicks
        self.tailHoldTicks = tailHoldTicks
    }
}

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
