package import Identifiers

/// Why a message was rejected. Only `brokenInvariant` must stop the member. The others are caused
/// by a faulty peer or a stale message, and only drop the message.
package enum StepError: Error, Equatable {
    /// A type that is never sent by another member.
    case localMessage(MessageType)
    /// A response from a sender that is not a member.
    case unknownMember(MemberID)
    /// A message that no correct member sends.
    case malformed(String)
    /// A forwarded proposal that was dropped.
    case proposalDropped(ProposalError)
    /// The log violates what the cluster relies on: this member lost durable state, or a leader
    /// overwrites committed entries. Continuing would return wrong responses.
    case brokenInvariant(String)
}

/// Why a proposal, read request or transfer was rejected.
package enum ProposalError: Error, Equatable {
    /// No leader is known, or this follower does not forward proposals.
    case noLeader
    /// This leader is no longer a member.
    case notMember
    /// A leadership transfer is in progress.
    case leaderTransferring
    /// The limit on bytes that are not committed, or not durable on the leader's disk, is reached.
    case tooManyUncommittedBytes
    /// The limit on pending reads is reached.
    case tooManyPendingReads
    /// An earlier configuration change may not have been applied yet.
    case configurationChangePending
    /// The joint configuration must be left first.
    case configurationIsJoint
    /// There is no joint configuration to leave.
    case configurationIsNotJoint
    /// The entry's data is not a valid configuration change.
    case malformedConfigurationChange
}

/// Why a configuration change cannot be applied to the current configuration.
package enum ConfChangeError: Error, Equatable {
    case alreadyJoint
    case notJoint
    case removesAllVoters
    case changesMoreThanOneVoter
}

/// Why a Raft machine cannot start from the restored state.
package enum RestoreError: Error, Equatable {
    /// The entry at this index is missing, duplicated or has a lower term than its predecessor.
    case entriesNotContiguous(LogIndex)
    /// The commit index is outside the log.
    case commitOutOfRange(LogIndex)
    /// The applied index is outside the log.
    case appliedOutOfRange(LogIndex)
    /// An index or a term is so large that sums could overflow; no cluster reaches it.
    case outOfRange(term: Term, index: LogIndex)
    /// The membership is inconsistent.
    case invalidConfState
}
