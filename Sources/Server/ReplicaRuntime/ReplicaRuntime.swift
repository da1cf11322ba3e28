package import Bolt
package import Disk
package import EtcdAPI
package import Lease
package import MVCC
package import Raft
package import Replica
package import StateMachine
import Synchronization
package import WriteAheadLog

/// What a member is started from: its state as it was found on the disk.
package struct RuntimeParts {
    package let replica: Replica
    package let state: StateMachine
    package let log: WriteAheadLog
    package let snapshots: SnapshotStore

    package init(
        replica: Replica, state: StateMachine, log: WriteAheadLog, snapshots: SnapshotStore
    ) {
        self.replica = replica
        self.state = state
        self.log = log
        self.snapshots = snapshots
    }
}

/// The threads that run one member: consensus, log, apply and backend, each with its queue.
///
/// Everything here may be called from any thread. What is mutable is atomic or under `published`;
/// the state itself belongs to its threads and is reached through their queues.
package final class ReplicaRuntime: Sendable {
    package let configuration: RuntimeConfiguration
    package let observer: any RuntimeObserver
    let carrier: any MessageCarrier
    /// Readable from any thread by its own rules.
    package let store: Store
    package let bolt: Bolt
    package let watchers: WatchHub

    let consensus = Turns<ConsensusMessage>()
    let log = Mailbox<LogMessage>()
    let apply = Turns<ApplyMessage>()
    let backend = Mailbox<BackendMessage>()

    private let quota: Quota
    private let published: Mutex<ReplicaStatus>
    /// The published term, for those who want nothing else.
    private let publishedTerm = Atomic<UInt64>(0)
    private let appliedIndex: Atomic<UInt64>
    private let committedIndex = Atomic<UInt64>(0)
    private let requestID: Atomic<UInt64>
    private let pending = Atomic<Int>(0)
    private let receivedCount = Atomic<Int>(0)
    private let learns = Atomic<Bool>(false)
    private let hasFailed = Atomic<Bool>(false)
    private let canReadAlone = Atomic<Bool>(false)
    /// When the alarm was last proposed; `.min` when it is not raised, `.max` while it is.
    private let spaceAlarmProposedAt = Atomic<Int64>(.min)
    private let isPersistAsked = Atomic<Bool>(false)
    private let threads: Mutex<[OwnedThread]> = Mutex([])

    /// - Parameter firstRequestID: requests get this number and those after it; numbers of one
    ///   member must not repeat, also not after a restart.
    package init(
        parts: RuntimeParts, configuration: RuntimeConfiguration, observer: any RuntimeObserver,
        carrier: any MessageCarrier, firstRequestID: UInt64
    ) {
        self.carrier = carrier
        self.configuration = configuration
        self.observer = observer
        store = parts.state.store
        bolt = parts.state.bolt
        watchers = parts.state.watchers
        quota = parts.state.settings.quota
        published = Mutex(ReplicaStatus(id: parts.replica.id))
        appliedIndex = Atomic(parts.state.appliedIndex)
        requestID = Atomic(firstRequestID)
        start(parts)
    }

    /// No request waits for the backend: it has a third of the others' weight, so that whoever was
    /// just woken for a request comes first, and it still keeps up under load.
    private static let backendNiceness: Int32 = 5

    private func start(_ parts: RuntimeParts) {
        let consensusThread = Confined(ConsensusThread(runtime: self, replica: parts.replica))
        let logThread = Confined(
            LogThread(runtime: self, log: parts.log, snapshots: parts.snapshots))
        let applyThread = Confined(ApplyThread(runtime: self, state: parts.state))
        let backendThread = Confined(
            BackendThread(runtime: self, parts: parts))
        let preparation = parts.log.preparation
        threads.withLock { threads in
            threads = [
                OwnedThread(name: "consensus") { [self] in consensus.run(consensusThread.value) },
                OwnedThread(name: "apply") { [self] in apply.run(applyThread.value) },
                OwnedThread(name: "log") { logThread.value.run() },
                OwnedThread(name: "backend", niceness: Self.backendNiceness) {
                    backendThread.value.run()
                },
                OwnedThread(name: "segments") { [self] in prepareSegments(preparation) },
                OwnedThread(name: "watchers") { [self] in catchUpWatchers() },
            ]
        }
    }

    /// Ends the threads in the order in which work flows, so that all that was taken is finished.
    package func stop() {
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        guard running.count == 6 else { return }
        isStopping.store(true, ordering: .releasing)
        let queues: [() -> Void] = [
            consensus.close, apply.close, log.close, backend.close, segments.close,
            catchUp.close,
        ]
        for (close, thread) in zip(queues, running) {
            close()
            if !thread.isCurrent { thread.join() }
        }
    }

    private let isStopping = Atomic<Bool>(false)
    let segments = Mailbox<Void>()
    private let catchUp = Mailbox<Void>()
}

/// Requests.
extension ReplicaRuntime {
    /// Hands requests to the consensus thread, or works on them here while that sleeps.
    package func submit(_ requests: [ClientRequest]) {
        guard !hasStopped else { return refuse(requests) }
        if !consensus.post(.requests(requests)) { refuse(requests) }
    }

    /// Runs work on the state, between two batches of entries: on the apply thread, or right here
    /// if it is brief and that thread sleeps.
    ///
    /// - Parameter isBrief: whether it takes microseconds and waits for nothing.
    package func onState(
        isBrief: Bool = false, _ work: @escaping @Sendable (StateAccess) -> Void
    ) {
        apply.post(.work(work, isBrief: isBrief))
    }

    /// Runs work on the backend thread, after everything applied before now has been written.
    package func onBackend(_ work: @escaping BackendWork) {
        backend.post(.work(work))
    }

    /// Gives the database's free space back while everything goes on.
    package func defragment(_ completion: @escaping DefragmentationCompletion) {
        if !backend.post(.defragment(completion)) { completion("the member stops") }
    }

    /// A number for a request, never given twice.
    package func nextRequestID() -> UInt64 {
        requestID.add(1, ordering: .relaxed).newValue
    }

    /// The entry data of a request, under a number of its own.
    package func wrap(field: UInt32, payload: [UInt8]) -> (id: UInt64, data: [UInt8]) {
        let id = nextRequestID()
        let data = payload.withUnsafeBytes { bytes in
            InternalRaftRequest.wrap(id: id, field: field, payload: bytes)
        }
        return (id, data)
    }

    /// Proposes on the member's own behalf; nobody waits for the outcome.
    package func proposeOwn(field: UInt32, payload: [UInt8]) {
        let (id, data) = wrap(field: field, payload: payload)
        consensus.post(.own(id: id, data: data))
    }

    /// Proposes on behalf of the member as the leader of a term, and not once it is deposed.
    func proposeOwn(asLeaderOf term: UInt64, field: UInt32, payload: [UInt8]) {
        let (id, data) = wrap(field: field, payload: payload)
        consensus.post(.ownAsLeader(term: term, NumberedProposal(id: id, data: data)))
    }

    /// Whether applying lags so far behind that no new request of this kind is taken.
    package func isOverloaded(for field: UInt32) -> Bool {
        let committed = committedIndex.load(ordering: .relaxed)
        let applied = appliedIndex.load(ordering: .relaxed)
        let isUrgent =
            configuration.prioritizesRevocations && field == InternalRaftRequest.Field.leaseRevoke
        let gapMaximum = configuration.applyGapMaximum * (isUrgent ? 2 : 1)
        return committed > applied && committed - applied > gapMaximum
    }

    /// Whether the database has room for a request of this cost.
    package func admits(costBytes: Int) -> Bool {
        quota.admits(costBytes: costBytes, databaseBytes: bolt.sizeBytes)
    }

    /// The quota in bytes; 0 without one.
    package var quotaBytes: Int64 { quota.limitBytes ?? 0 }

    /// Has this member's alarm about its full database raised; again only if that was lost.
    package func proposeSpaceAlarm() {
        let now = monotonicMilliseconds()
        let last = spaceAlarmProposedAt.load(ordering: .relaxed)
        let isDue =
            last == .min
            || (last != .max && now - last >= configuration.requestTimeoutMilliseconds)
        guard isDue,
            spaceAlarmProposedAt.compareExchange(
                expected: last, desired: now, ordering: .relaxed
            ).exchanged
        else { return }
        var alarm = Etcdserverpb_AlarmRequest()
        alarm.action = .activate
        alarm.memberID = status.id.rawValue
        alarm.alarm = .nospace
        guard let bytes: [UInt8] = try? alarm.serializedBytes() else { return }
        proposeOwn(field: InternalRaftRequest.Field.alarm, payload: bytes)
    }

    func proposeRevocation(of lease: LeaseID, asLeaderOf term: UInt64) {
        proposeOwn(
            asLeaderOf: term, field: InternalRaftRequest.Field.leaseRevoke,
            payload: LeaseRevokeRequest(id: lease.rawValue).encoded())
    }

    private func refuse(_ requests: [ClientRequest]) {
        var replies = ReplyBatch()
        for request in requests {
            switch request {
            case .propose(_, _, let reply), .read(let reply), .changeMembership(_, _, let reply):
                replies.add(.failed(.stopped), to: reply, term: 0)
            }
        }
        replies.deliver()
    }
}

/// What everybody may see.
extension ReplicaRuntime {
    /// The consensus thread's view as it was last published.
    ///
    /// What is applied is committed, also if the consensus thread has not heard of it yet.
    package var status: ReplicaStatus {
        let applied = LogIndex(self.applied)
        return published.withLock { published in
            var status = published
            status.commitIndex = max(status.commitIndex, applied)
            return status
        }
    }

    /// The term of `status`, as headers of answers tell it.
    package var term: UInt64 { publishedTerm.load(ordering: .relaxed) }

    /// Whether this member has no vote, as far as it has applied; before that, as it joined.
    package var isLearner: Bool { learns.load(ordering: .relaxed) }

    /// - Parameter isLearner: nil while the log has not told of this member.
    func noteRole(isLearner: Bool?) {
        learns.store(isLearner ?? configuration.joinsAsLearner, ordering: .relaxed)
    }

    /// Index of the last applied entry.
    package var applied: UInt64 { appliedIndex.load(ordering: .acquiring) }

    /// Proposals that wait for their outcome.
    package var pendingProposals: Int { pending.load(ordering: .relaxed) }

    func notePending(_ count: Int) { pending.store(count, ordering: .relaxed) }

    /// Whether the member has stopped, by itself or because it was told to.
    package var hasStopped: Bool {
        hasFailed.load(ordering: .acquiring) || isStopping.load(ordering: .acquiring)
    }

    /// Whether a linearizable read may be carried out at once; see `Replica.readsAlone`.
    package var readsAlone: Bool { canReadAlone.load(ordering: .acquiring) }

    func publish(_ replica: borrowing Replica) {
        canReadAlone.store(replica.readsAlone, ordering: .releasing)
        let (leader, committed) = (replica.leader, replica.committedIndex)
        committedIndex.store(committed.rawValue, ordering: .relaxed)
        published.withLock { published in
            if published.leader != leader {
                if leader != nil { published.leaderChangesSeen += 1 }
                published.leaderMissingSince = leader == nil ? monotonicMilliseconds() : nil
            }
            published.term = replica.term
            publishedTerm.store(replica.term.rawValue, ordering: .relaxed)
            published.vote = replica.vote
            published.leader = leader
            published.role = replica.role
            published.lastIndex = replica.lastIndex
            published.commitIndex = committed
        }
    }

    /// What is shown less often, since gathering it costs more.
    func publishDetails(_ status: RaftStatus) {
        published.withLock { published in
            published.members = status.members
        }
    }

    /// Counts messages that wait for the consensus thread; false when there are too many.
    func admitReceived(_ count: Int) -> Bool {
        guard receivedCount.load(ordering: .relaxed) < configuration.receivedMessagesMaximum else {
            return false
        }
        receivedCount.add(count, ordering: .relaxed)
        return true
    }

    func noteTaken(_ count: Int) { receivedCount.subtract(count, ordering: .relaxed) }

    func noteApplied(index: UInt64) { appliedIndex.store(index, ordering: .releasing) }

    /// The alarm may be raised again, once it was disarmed.
    func noteAlarms(isSpaceAlarmActive: Bool) {
        spaceAlarmProposedAt.store(isSpaceAlarmActive ? .max : .min, ordering: .relaxed)
    }

    /// Stops the member: what it would answer from now on could be wrong.
    func fail(_ reason: String) {
        guard !hasFailed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        observer.failed(reason)
    }
}

/// Back-pressure and background work.
extension ReplicaRuntime {
    /// Whether the apply thread has to wait for the database file.
    func isOverlayFull(_ pending: (records: Int, bytes: Int)) -> Bool {
        pending.bytes >= configuration.overlayMaximumBytes
    }

    /// Makes the apply thread wait while the overlay is too long for the database file to follow.
    func throttle(_ pending: (records: Int, bytes: Int)) {
        if pending.records >= configuration.persistOperations { askToPersist() }
        guard isOverlayFull(pending) else { return }
        askToPersist()
        while isOverlayFull(store.pendingSize), !hasStopped {
            pauseMilliseconds(1)
        }
    }

    /// Has watchers that are behind looked at soon: one was added, or its client reads again.
    package func wakeWatchers() { catchUp.post(()) }

    /// Reads history for watchers that are behind, with etcd's pause when none gets on.
    private func catchUpWatchers() {
        var wakeUps: [Void] = []
        repeat {
            do throws(StoreError) {
                while !hasStopped, try watchers.catchUpStep() {}
            } catch {
                _ = stop(becauseOf: error)
            }
        } while catchUp.take(into: &wakeUps, until: monotonicMilliseconds() + 100)
    }

    private func askToPersist() {
        guard !isPersistAsked.exchange(true, ordering: .acquiringAndReleasing) else { return }
        backend.post(.persist)
    }

    /// The backend begins to write what is pending: it may be asked again.
    func notePersistBegins() { isPersistAsked.store(false, ordering: .releasing) }

    /// Takes a fifth of the disk's time at most: the log and the members beside need it more.
    private func prepareSegments(_ preparation: SegmentPreparation) {
        var wakeUps: [Void] = []
        while segments.take(into: &wakeUps) {
            var isLeft = true
            while isLeft, !hasStopped {
                let began = monotonicMilliseconds()
                isLeft = (try? preparation.prepare(sliceBytes: 256 << 10)) ?? false
                let took = Int(monotonicMilliseconds() - began)
                pauseMilliseconds(isLeft ? max(5, 4 * took) : 0)
            }
        }
    }
}

/// The state as work on the apply thread sees it.
package struct StateAccess {
    package let state: StateMachine
    package let status: ReplicaStatus
}
