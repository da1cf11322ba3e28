package import Auth
package import Bolt
package import EtcdAPI
package import Lease
package import MVCC
package import Membership

/// The replicated state of a member: applies committed entries, one after the other.
///
/// What it is: the only writer of keys, leases, members and alarms. Owned by the apply thread.
/// Given the same entries it comes to the same state on every member: no clock, no randomness and
/// no order of a hash table reaches what it stores. `now` only starts lease clocks, which are
/// never stored.
///
/// Guarantees: an entry's changes, those of all modules and the note that it was applied, reach
/// the database in one transaction; an entry at or before the noted index changes nothing.
package final class StateMachine {
    package let bolt: Bolt
    package let store: Store
    package let watchers: WatchHub
    package let leases: LeaseKeeper
    package internal(set) var membership: ClusterMembership
    package internal(set) var alarms = Alarms()
    package internal(set) var auth: AuthState
    package let settings: StateSettings
    /// The clock's time of the present turn, for leases.
    package var now: ClockMilliseconds = 0
    package internal(set) var appliedIndex: UInt64
    package internal(set) var appliedTerm: UInt64
    /// Membership as the consensus layer sees it.
    package internal(set) var confState: RaftConfState
    /// The version that the file says it is written for.
    var notedVersion: SemanticVersion?
    var committed: [CommittedTransaction] = []

    /// Builds the state from an open database.
    package init(
        bolt: Bolt, membership: ClusterMembership, settings: StateSettings,
        storeConfiguration: StoreConfiguration
    ) throws(StoreError) {
        self.bolt = bolt
        self.settings = settings
        var membership = membership
        var lessor = Lessor(
            minimumSeconds: settings.leaseMinimumSeconds,
            checkpointIntervalMilliseconds: settings.leaseCheckpointMilliseconds)
        let reading = bolt.beginRead()
        defer { reading.end() }
        let applied: AppliedMark
        do throws(PageFault) {
            applied = try AppliedMark(from: reading)
            try membership.restore(from: reading, noted: applied.confState)
            try alarms.restore(from: reading)
            auth = try AuthState(from: reading)
        } catch {
            throw .bolt(.corrupt(error))
        }
        do throws(LeaseRestoreError) {
            try lessor.restore(from: reading)
        } catch {
            switch error {
            case .damagedPage(let fault): throw .bolt(.corrupt(fault))
            case .malformedRecord(let key): throw .malformedRecord(key: key)
            }
        }
        self.membership = membership
        leases = LeaseKeeper(lessor)
        appliedIndex = applied.index
        appliedTerm = applied.term
        notedVersion = applied.storageVersion
        confState = membership.confState
        if let noted = applied.confState, noted.isJoint || membership.members.isEmpty {
            confState = noted
        }
        store = try Store(bolt: bolt, configuration: storeConfiguration, leases: leases)
        watchers = WatchHub(store: store)
    }

    /// Clocks and keys of leases.
    package var lessor: Lessor {
        get { leases.lessor }
        _modify { yield &leases.lessor }
    }

    /// Runs `body`, which applies entries, so that readers see all of it at once; watchers hear
    /// of it afterwards.
    package func applyBatch(_ body: () throws -> Void) throws {
        try store.withWriteLock { try body() }
        try watchers.notify(committed)
        committed.removeAll(keepingCapacity: true)
    }

    /// Applies the next entry. Called within `applyBatch`.
    package func apply(_ entry: CommittedEntry) throws(StateError) -> AppliedEntry {
        guard entry.index > appliedIndex else { return passOver(entry) }
        let applied =
            switch entry.kind {
            case .request: try applyRequest(entry)
            case .memberChange: applyMemberChange(entry)
            case .generalChange: applyGeneralChange(entry)
            }
        if let failure = store.failure { throw .store(failure) }
        appliedIndex = entry.index
        appliedTerm = entry.term
        store.setApplied(index: entry.index, term: entry.term)
        return applied
    }

    /// An outcome at the store's present revision.
    func outcome(_ result: ApplyResult) -> ApplyOutcome {
        ApplyOutcome(revision: store.newestRevision, result: result)
    }

    /// Adds changes of other buckets to the transaction of the present entry.
    func mutate(_ body: (inout BoltWriteBatch) -> Void) {
        store.mutateBackend(body)
    }

    /// Ends a transaction and keeps what watchers have to hear.
    func finish(_ transaction: StoreWriteTransaction) {
        if let changes = transaction.end() { committed.append(changes) }
    }
}

/// What a state machine is set to. All members of a cluster must agree on these.
package struct StateSettings: Sendable {
    /// Shortest lease, in seconds.
    package var leaseMinimumSeconds: Int64 = 2
    package var learnersMaximum = 1
    package var quota = Quota(configuredBytes: 0)
    /// Whether checkpoints of leases are stored in any case; from cluster version 3.6 on they are.
    package var persistsLeaseCheckpoints = false
    /// How often the rest of a long lease is told to all members; nil for never.
    package var leaseCheckpointMilliseconds: Int64?

    package init() {}
}
