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

/// Reads that may be served once the state has applied `index`.
package struct ReadableAt: Sendable {
    package let index: UInt64
    package let tickets: [ReadTicket]
}

/// What a replica wants done. All of it must be done, in any order but that of `writes` and of
/// `committed`.
package struct ReplicaEffects: Sendable {
    /// Log writes in the order of their numbers; each is reported back by `written`.
    package var writes: [LogWrite] = []
    /// Those of the writes whose entries are committed by being durable, as nobody else has a say:
    /// they are applied right then, after everything that was handed out before, and before
    /// `written` is reported.
    package var soleWrites: [WriteNumber] = []
    /// To be sent now. The data of a snapshot message is the caller's to fill in.
    package var messages: [Message] = []
    /// A snapshot whose record is durable: the state has to be replaced by the one that came with
    /// it, before any of `committed`; reported back by `applied`.
    package var installation: Snapshot?
    /// To be applied in order; reported back by `applied`.
    package var committed: [Entry] = []
    package var readable: [ReadableAt] = []
    /// Reads that nobody can confirm now.
    package var unreadable: [ReadTicket] = []
    /// Proposals that were not taken.
    package var refused: [(id: UInt64, error: ProposalError)] = []
    /// Set when leader or role has changed.
    package var softState: SoftState?
    /// Set when log segments before this index are no longer needed.
    package var releasedLog: LogIndex?

    package init() {}

    /// Empties everything, keeping the storage.
    package mutating func removeAll() {
        writes.removeAll(keepingCapacity: true)
        soleWrites.removeAll(keepingCapacity: true)
        messages.removeAll(keepingCapacity: true)
        committed.removeAll(keepingCapacity: true)
        readable.removeAll(keepingCapacity: true)
        unreadable.removeAll(keepingCapacity: true)
        refused.removeAll(keepingCapacity: true)
        installation = nil
        softState = nil
        releasedLog = nil
    }
}
