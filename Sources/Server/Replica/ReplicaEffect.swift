package import Raft

/// One thing that a replica wants done.
///
/// Effects are performed in the order of the list. The order carries two rules:
/// - Persist before send: messages that promise something after a crash are in no list before the
///   one that follows the `written` input of their write.
/// - A single-voter commit comes behind `commit` of everything that was committed before its
///   entries, and other entries are committed behind it.
package enum ReplicaEffect: Sendable {
    /// A snapshot whose record is durable: the state has to be replaced by the one that came with
    /// it; reported back by `applied`.
    case install(Snapshot)
    /// To be applied in order; reported back by `applied`.
    case commit([Entry])
    /// To be appended to the log, in order; reported back by `written`.
    ///
    /// `isSingleVoterCommit`: nobody else has a say, so its entries are committed by being durable.
    /// They are applied right then, behind everything that was committed before, and before
    /// `written` is reported.
    case write(LogWrite, isSingleVoterCommit: Bool)
    /// To be sent now; no snapshots.
    case send([Message])
    /// To be sent with the state, whose description is the caller's to fill in.
    case sendSnapshot(Message)
    /// Leader or role has changed.
    case role(SoftState)
    /// A proposal was not taken.
    case refuse(id: UInt64, ProposalError)
    /// Reads that may be served once the state has applied `index`.
    case readable(index: UInt64, [ReadTicket])
    /// Reads that nobody can confirm now.
    case unreadable([ReadTicket])
    /// Log segments before this index are no longer needed.
    case releaseLog(LogIndex)
}
