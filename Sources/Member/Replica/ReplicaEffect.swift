package import Identifiers
package import Raft

/// An effect of a replica.
///
/// Effects are performed in the order of the list. The order implies two rules:
/// - Persist before send: messages that promise something after a crash are emitted only after the
///   `written` input of their write.
/// - A single-voter commit follows the `commit` of everything that was committed before its
///   entries, and precedes the commit of later entries.
package enum ReplicaEffect: Sendable {
    /// A snapshot whose record is durable: its state has to replace the current one; reported back
    /// by `applied`.
    case install(Snapshot)
    /// To be applied in order; reported back by `applied`.
    case commit([Entry])
    /// To be appended to the log, in order; reported back by `written`.
    ///
    /// `isSingleVoterCommit`: there is no other voter, so its entries are committed by being
    /// durable. They are applied right then, after everything that was committed before, and before
    /// `written` is reported.
    case write(LogWrite, isSingleVoterCommit: Bool)
    /// To be sent now; no snapshots.
    case send([Message])
    /// To be sent with the state, which the caller describes in the message.
    case sendSnapshot(Message)
    /// The leader or the role has changed.
    case role(SoftState)
    /// A proposal was refused.
    case refuse(id: UInt64, ProposalError)
    /// Reads that may be served once the state has applied `index`.
    case readable(index: LogIndex, [ReadRequestID])
    /// Reads that cannot be confirmed now.
    case unreadable([ReadRequestID])
    /// Log segments before this index are no longer needed.
    case releaseLog(LogIndex)
}
