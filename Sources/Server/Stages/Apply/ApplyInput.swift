package import EtcdAPI
package import Lease
package import Membership
package import Raft
package import StateMachine

/// What reaches the apply stage.
package enum ApplyInput: Sendable {
    /// Answers for these proposals are wanted.
    case expect([Registration], ProposalBatch)
    /// Proposals that had waited for a leader went to one.
    case sent(ProposalBatchNumber, SentProposals)
    case leaderConnectionLost(at: Int64)
    case entries([Entry])
    /// A leader's snapshot is durable: it replaces the state.
    case install(Snapshot)
    /// The state that the backend has read from the database of `install`.
    case installed(Confined<StateMachine>)
    /// The write buffer that `ApplyEffect.persist` has named is in the file.
    case persisted
    /// A proposal was not taken; nil means that it may still come through, so its waiter stays.
    case refused(id: UInt64, error: EtcdError?)
    case readable(index: UInt64, [ReplyAddress])
    case role(isLeader: Bool, term: UInt64)
    /// `isBrief`: it takes microseconds.
    case work(StateWork, isBrief: Bool)
    /// A snapshot that was asked for is durable: its file, and its record in the log.
    case snapshotSaved
    /// The database holds no more of what was compacted up to this revision.
    case compacted(revision: Int64)
}

/// One thing that the apply stage wants done, in the order of the list.
package enum ApplyEffect: Sendable {
    /// So many entries were applied, the last one at this index: readers see them from now on.
    case applied(index: UInt64, entries: Int)
    /// For the consensus stage. Quiet: it can wait until something else wakes that.
    case progress(ApplyProgress, isQuiet: Bool)
    /// For the consensus stage, as the leader of a term.
    case revoke(LeaseID, asLeaderOf: UInt64)
    case checkpoint([LeaseCheckpoint], asLeaderOf: UInt64)
    /// For the backend stage.
    case backend(BackendInput)
    /// The database is full: this member has to raise its alarm.
    case raiseSpaceAlarm
    /// The alarm about space is active, or not any more.
    case spaceAlarm(isActive: Bool)
    /// Members, their addresses or the part of this member have changed.
    case membershipChanged(ClusterMembership)
    /// Watchers have to read history.
    case wakeWatchers
    case snapshotInstalled(index: UInt64, revision: Int64, milliseconds: Int64)
    /// So many proposals were refused, or their time was over.
    case proposalsFailed(Int)
    /// Hand over what has gathered in `ApplyStage.replies`.
    case deliverReplies
}

/// How much is left of a lease, for all members to know.
package struct LeaseCheckpoint: Sendable {
    package let id: LeaseID
    /// 0 takes a former checkpoint back.
    package let remainingSeconds: Int64

    package init(id: LeaseID, remainingSeconds: Int64) {
        self.id = id
        self.remainingSeconds = remainingSeconds
    }
}

/// Who sees entries being applied, one by one. Called under the store's write lock: it counts, and
/// neither waits nor writes.
package protocol ApplyObserver: AnyObject {
    func applied(_ applied: AppliedEntry, _ entry: Entry)
}

/// What the apply stage is told of the world at the begin of a turn.
package struct ApplySurroundings {
    /// Monotonic milliseconds.
    package let now: Int64
    /// Whether the turn may take its time; if not, clocks of leases are left to the next.
    package let isUnhurried: Bool

    package init(now: Int64, isUnhurried: Bool) {
        self.now = now
        self.isUnhurried = isUnhurried
    }
}
