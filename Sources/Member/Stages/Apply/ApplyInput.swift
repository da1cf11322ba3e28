package import Auth
package import EtcdAPI
package import Identifiers
package import Lease
package import Membership
package import MonotonicClock
package import Raft
package import StateMachine

/// Input of the apply stage.
package enum ApplyInput: Sendable {
    /// Register the waiters of these proposals.
    case register([Registration], ProposalBatch)
    /// Held proposals were sent to a leader.
    case sent(ProposalBatchNumber, SentProposals)
    case leaderConnectionLost(at: MonotonicTime)
    case entries([Entry])
    /// A leader's snapshot is durable: it replaces the state.
    case install(Snapshot)
    /// The state that the backend has read from the database of `install`.
    case installed(Confined<StateMachine>)
    /// The write buffer of `BackendInput.persist` is in the file.
    case persisted
    /// A proposal was refused; a nil error means that it may still be applied, so its waiter stays.
    case refused(id: UInt64, error: EtcdError?)
    case readable(index: LogIndex, [CompletionAddress])
    case role(isLeader: Bool, term: Term)
    /// `isBrief`: it takes microseconds.
    case work(StateWork, isBrief: Bool)
    /// A requested snapshot is durable: its file, and its record in the log.
    case snapshotSaved
    /// The database holds no more compacted records up to this revision.
    case compacted(revision: Revision)
}

/// An effect of the apply stage, in the order of the list.
package enum ApplyEffect: Sendable {
    /// So many entries were applied, the last one at this index: readers see them from now on.
    case applied(index: LogIndex, entries: Int)
    /// For the consensus stage. Deferrable: it can wait until something else wakes the stage.
    case progress(ApplyProgress, isDeferrable: Bool)
    /// For the consensus stage, as the leader of a term.
    case revoke(LeaseID, asLeaderOf: Term)
    case checkpoint([LeaseCheckpoint], asLeaderOf: Term)
    /// For the backend stage.
    case backend(BackendInput)
    /// The database is full: this member has to raise its alarm.
    case raiseSpaceAlarm
    /// This member has to end its NOSPACE alarm: no more than so many bytes count against the quota.
    case endSpaceAlarm(countedBytes: Int)
    /// The NOSPACE alarm was activated or disarmed.
    case spaceAlarm(isActive: Bool)
    /// Members, their addresses or the role of this member have changed.
    case membershipChanged(ClusterMembership)
    /// There may be unsynced watchers, which have to read history.
    case wakeWatchers
    case snapshotInstalled(index: LogIndex, revision: Revision, took: TimeSpan)
    /// So many proposals were refused or timed out.
    case proposalsFailed(Int)
    /// Deliver the completions in `ApplyStage.completions`.
    case deliverCompletions
}

/// The remaining time of a lease, to be replicated.
package struct LeaseCheckpoint: Sendable {
    package let id: LeaseID
    /// 0 clears a former checkpoint.
    package let remainingSeconds: Int64

    package init(id: LeaseID, remainingSeconds: Int64) {
        self.id = id
        self.remainingSeconds = remainingSeconds
    }
}

/// Observes each applied entry. Called under the store's write lock: it must only count, and
/// neither block nor write.
package protocol ApplyObserver: AnyObject {
    /// - Parameter began: when the run of the stage began.
    func applied(_ applied: AppliedEntry, _ entry: Entry, began: MonotonicTime)
    /// A request about users was applied. Its response is delivered later, and so is its index
    /// published.
    func authApplied(_ response: AuthResponse, index: LogIndex)
    /// A leader's snapshot has replaced the users. Not under the store's lock.
    func authReplaced(isEnabled: Bool)
}

/// The context of one run of the apply stage.
package struct ApplyContext {
    /// The present time.
    package let now: MonotonicTime
    /// Whether the run may take long; if not, the clocks of leases are left to the next one.
    package let allowsLongWork: Bool

    package init(now: MonotonicTime, allowsLongWork: Bool) {
        self.now = now
        self.allowsLongWork = allowsLongWork
    }
}
