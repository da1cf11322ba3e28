/// Why a message was not taken. Only `brokenInvariant` must stop the member; the others are a
/// peer's fault or come from the past, and cost the message.
package enum StepError: Error, Equatable {
    /// A kind that never comes from another member.
    case localMessage(MessageType)
    /// An answer from someone who is no member.
    case unknownMember(MemberID)
    /// A message that no correct member sends.
    case malformed(String)
    /// A forwarded proposal that could not be taken.
    case proposalDropped(ProposalError)
    /// The log is not what the cluster relies on: this member lost durable state, or a leader
    /// rewrites what was committed. Going on would answer wrongly.
    case brokenInvariant(String)
}

/// Why a proposal, read or transfer was not taken.
package enum ProposalError: Error, Equatable {
    /// No leader is known, or this follower does not forward.
    case noLeader
    /// This leader is no longer a member.
    case notMember
    /// Leadership is being handed over.
    case leaderTransferring
    /// The limit on bytes that are not committed, or not durable on the leader's own disk, is
    /// reached.
    case tooManyUncommittedBytes
    /// The limit on waiting reads is reached.
    case tooManyPendingReads
    /// An earlier change of membership may not have been applied yet.
    case configurationChangePending
    /// The joint configuration must be left first.
    case configurationIsJoint
    /// There is no joint configuration to leave.
    case configurationIsNotJoint
    /// The entry's data is no change of membership.
    case malformedConfigurationChange
}

/// Why a change of membership cannot be applied to the present configuration.
package enum ConfigurationError: Error, Equatable {
    case alreadyJoint
    case notJoint
    case removesAllVoters
    case changesMoreThanOneVoter
}

/// Why a machine cannot start from the state given.
package enum RestoreError: Error, Equatable {
    /// Entry at this position is missing, doubled or of a falling term.
    case entriesNotContiguous(LogIndex)
    /// The commit index lies outside of the log.
    case commitOutOfRange(LogIndex)
    /// The applied index lies outside of the log.
    case appliedOutOfRange(LogIndex)
    /// The membership contradicts itself.
    case invalidConfState
}
