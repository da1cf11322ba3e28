package import Auth
package import Bolt
package import EtcdAPI
package import Identifiers
package import Lease
package import MVCC
package import Membership
package import MonotonicClock

/// The replicated state of a member: applies committed entries in order.
///
/// The only writer of keys, leases, users, members and alarms. Owned by the apply thread. The same
/// entries produce the same state on every member: no clock, no randomness and no hash table order
/// affects what it stores. `now` only starts lease clocks, which are never stored.
///
/// Guarantees: all changes of an entry and the consistent index reach the database in one
/// transaction; an entry at or below the consistent index changes nothing.
package final class StateMachine {
    package let bolt: Bolt
    package let store: Store
    package let watchers: WatchDispatcher
    package let leases: LessorBinding
    package internal(set) var membership: ClusterMembership
    package internal(set) var alarms = Alarms()
    package internal(set) var auth = AuthStore()
    package let configuration: StateMachineConfiguration
    /// Monotonic time of the current run of the apply stage, for leases.
    package var now = MonotonicTime.zero
    package internal(set) var appliedIndex: LogIndex
    package internal(set) var appliedTerm: Term
    /// The membership as Raft sees it.
    package internal(set) var confState: RaftConfState
    /// The storage version recorded in the database; nil before 3.6.
    var recordedStorageVersion: SemanticVersion?
    var committed: [CommittedTransaction] = []

    /// Builds the state from an open database.
    package init(
        bolt: Bolt, membership: ClusterMembership, configuration: StateMachineConfiguration,
        storeConfiguration: StoreConfiguration
    ) throws(StoreError) {
        self.bolt = bolt
        self.configuration = configuration
        var membership = membership
        var lessor = Lessor(
            ttlSecondsMin: configuration.leaseTTLSecondsMin,
            checkpointInterval: configuration.leaseCheckpointInterval)
        let reading = bolt.beginRead()
        defer { reading.end() }
        let applied: ConsistentIndex
        do throws(PageFault) {
            applied = try ConsistentIndex(from: reading)
            try membership.restore(from: reading, confState: applied.confState)
            try alarms.restore(from: reading)
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
        auth = try Self.restoreAuth(from: reading)
        self.membership = membership
        leases = LessorBinding(lessor)
        appliedIndex = applied.index
        appliedTerm = applied.term
        recordedStorageVersion = applied.storageVersion
        confState = membership.confState
        if let recorded = applied.confState, recorded.isJoint || membership.members.isEmpty {
            confState = recorded
        }
        store = try Store(bolt: bolt, configuration: storeConfiguration, leases: leases)
        watchers = WatchDispatcher(store: store)
        publishAuth()
    }

    private static func restoreAuth(
        from reading: BoltReadTransaction
    ) throws(StoreError) -> AuthStore {
        do throws(AuthRestoreError) {
            return try AuthStore(from: reading)
        } catch {
            switch error {
            case .damagedPage(let fault): throw .bolt(.corrupt(fault))
            case .malformedRecord(let key): throw .malformedRecord(key: key)
            }
        }
    }

    /// Reads are checked by the present auth state from now on, together with the data. Within
    /// `applyBatch`.
    func publishAuth() { store.publish(auth.isEnabled ? auth.snapshot : nil) }

    /// The leases with their clocks and attached keys.
    package var lessor: Lessor {
        get { leases.lessor }
        _modify { yield &leases.lessor }
    }

    /// Runs `body`, which applies entries. Readers see all of its changes at once; watchers are
    /// notified afterwards.
    package func applyBatch(_ body: () throws -> Void) throws {
        try store.withWriteLock { try body() }
        try watchers.notify(committed)
        committed.removeAll(keepingCapacity: true)
    }

    /// Applies the next entry. Called within `applyBatch`.
    ///
    /// All members check the same and change the same. The responses to requests on keys, which may
    /// be large, are built only if they are awaited.
    ///
    /// - Parameter isAwaited: whether somebody waits on this member for the response to the request
    ///   with an ID.
    package func apply(
        _ entry: CommittedEntry, isAwaited: (UInt64) -> Bool = { _ in true }
    ) throws(StateError) -> AppliedEntry {
        guard entry.index > appliedIndex else { return skip(entry) }
        let applied =
            switch entry.kind {
            case .request: try applyRequest(entry, isAwaited: isAwaited)
            case .memberChange: applyMemberChange(entry)
            case .generalChange: applyGeneralChange(entry)
            }
        if let failure = store.failure { throw .store(failure) }
        appliedIndex = entry.index
        appliedTerm = entry.term
        store.setApplied(index: entry.index, term: entry.term)
        return applied
    }

    /// A response at the store's current revision.
    func makeResponse(_ body: ApplyResponseBody) -> ApplyResponse {
        ApplyResponse(revision: store.newestRevision, body: body)
    }

    /// Adds changes of other buckets to the backend transaction of the current entry.
    func mutate(_ body: (inout BoltWriteBatch) -> Void) {
        store.mutateBackend(body)
    }

    /// Ends a transaction and keeps its changes for the watchers.
    func finish(_ transaction: consuming StoreWriteTransaction) {
        if let changes = transaction.end() { committed.append(changes) }
    }
}

/// Configuration of a state machine. All members of a cluster must agree on it.
package struct StateMachineConfiguration: Sendable {
    /// Shortest time to live of a lease, in seconds.
    package var leaseTTLSecondsMin: Int64 = 2
    package var learnersMax = 1
    package var quota = Quota(configuredBytes: 0)
    /// Whether lease checkpoints are stored below cluster version 3.6 too.
    package var persistsLeaseCheckpoints = false
    /// Interval at which the remaining TTL of a long lease is replicated; nil for never.
    package var leaseCheckpointInterval: TimeSpan?

    package init() {}
}
