package import Bolt
import EtcdAPI
package import MVCC
import Membership
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// What reaches the backend thread.
enum BackendMessage: Sendable {
    /// Write the overlay soon: it has become long.
    case persist
    /// Remove what is superseded at this revision.
    case compact(Int64)
    /// A snapshot of the replicated state is due.
    case snapshot(SnapshotRequest)
    /// A member is behind the log: send it the state with this message.
    case send(Raft.Message)
    /// Replace the state by that of a received snapshot; the apply thread waits for the answer.
    case install(index: UInt64, answer: Mailbox<Confined<StateMachine>>)
    /// Run this after the overlay as it is now has been written.
    case work(BackendWork)
    /// Give the file's free space back, and tell how that went.
    case defragment(DefragmentationCompletion)
}

/// Work on the database file, on the thread that owns it.
package typealias BackendWork = @Sendable (BackendContext) -> Void

/// Told once a defragmentation has ended: what went wrong, nil if nothing did.
package typealias DefragmentationCompletion = @Sendable (String?) -> Void

/// What backend work may use.
package struct BackendContext {
    package let store: Store
    package let bolt: Bolt
}

/// The only writer of the database file. Nobody waits for it but those who ask for its work.
///
/// Owned by its thread: write transactions, the running compaction. `state` belongs to the apply
/// thread and is touched only while that waits. A failure to write stops the
/// member; the log still holds everything.
final class BackendThread {
    let runtime: ReplicaRuntime
    private let store: Store
    let bolt: Bolt
    let state: StateMachine
    /// Identities alone: members are read from the view that is sent.
    let identity: ClusterMembership
    let snapshots: SnapshotStore
    private let snapshotCount: Int
    private var snapshotIndex: UInt64
    private var batch: [BackendMessage] = []
    private var nextPersist: Int64
    private var nextCompactionStep: Int64 = 0
    private var nextDefragmentationStep: Int64 = 0
    private var compactionPace = BackendPace()
    private var defragmentationPace = BackendPace()
    /// Whether a compaction may be under way; at first one may have been interrupted.
    var isCompacting = true
    /// Since when a compaction waits for readers.
    private var waitsSince: Int64?
    /// Who waits for a defragmentation, in the order of asking; the first one's is under way.
    private var defragmentations: [DefragmentationCompletion] = []
    var defragmentation: BoltDefragmentation?

    init(runtime: ReplicaRuntime, parts: RuntimeParts) {
        self.runtime = runtime
        snapshots = parts.snapshots
        snapshotCount = parts.replica.settings.snapshotCount
        snapshotIndex = parts.replica.snapshotIndex.rawValue
        state = parts.state
        store = state.store
        bolt = state.bolt
        identity = ClusterMembership(
            localID: state.membership.localID, clusterID: state.membership.clusterID)
        nextPersist = monotonicMilliseconds() + runtime.configuration.persistMilliseconds
    }

    /// The thread's body; writes what is left before it ends.
    func run() {
        do {
            while runtime.backend.take(into: &batch, until: deadline) {
                for message in batch { try handle(message) }
                if monotonicMilliseconds() >= nextPersist { try persist() }
                try compactIfDue()
                try defragmentIfDue()
            }
            try persist()
        } catch {
            runtime.fail("the database cannot be written: \(error)")
        }
        defragmentation = nil
        for completion in defragmentations { completion("the member stops") }
    }

    private var deadline: Int64 {
        var deadline = nextPersist
        if isCompacting { deadline = min(deadline, nextCompactionStep) }
        if !defragmentations.isEmpty { deadline = min(deadline, nextDefragmentationStep) }
        return deadline
    }

    private func handle(_ message: BackendMessage) throws {
        switch message {
        case .persist:
            runtime.notePersistBegins()
            try persist()
        case .compact: isCompacting = true
        case .snapshot(let request):
            runtime.observer.snapshotBegins(
                index: request.index, former: snapshotIndex, count: snapshotCount)
            try persist()
            try save(request)
        case .send(let message): try send(message)
        case .install(let index, let answer): try install(index, answer)
        case .work(let work):
            try persist()
            work(BackendContext(store: store, bolt: bolt))
        case .defragment(let completion):
            try persist()
            defragmentations.append(completion)
        }
    }

    func persist() throws {
        nextPersist = monotonicMilliseconds() + runtime.configuration.persistMilliseconds
        guard store.hasPending else { return }
        let started = monotonicNanoseconds()
        try store.persist()
        runtime.observer.persisted(nanoseconds: monotonicNanoseconds() - started)
    }

    /// One slice of the compaction, then a pause, so that it never takes the disk for long: at
    /// least the configured one, as in etcd.
    private func compactIfDue() throws {
        guard isCompacting, monotonicMilliseconds() >= nextCompactionStep else { return }
        let started = monotonicNanoseconds()
        let progress = try store.compactionStep()
        let took = monotonicNanoseconds() - started
        let rest = compactionPace.rest(after: took, applied: runtime.applied)
        var pause = max(runtime.configuration.compactionPauseMilliseconds, rest)
        if progress != .waiting { waitsSince = nil }
        switch progress {
        case .idle: isCompacting = false
        case .waiting: waitForReaders()
        case .removed: runtime.observer.compactionStep(nanoseconds: took, isOfIndex: false)
        case .indexed:
            runtime.observer.compactionStep(nanoseconds: took, isOfIndex: true)
            pause = 0
        case .finished(let report):
            runtime.observer.compactionStep(nanoseconds: took, isOfIndex: false)
            runtime.apply.post(.compacted(revision: report.revision))
            runtime.observer.compacted(
                revision: report.revision, removed: report.removedCount, hash: report.hash.hash)
        }
        nextCompactionStep = monotonicMilliseconds() + pause
    }

    /// A reader below the compaction holds it up; one that does so for too long loses its revision.
    private func waitForReaders() {
        let now = monotonicMilliseconds()
        let since = waitsSince ?? now
        waitsSince = since
        guard now - since >= runtime.configuration.pinMaximumMilliseconds else { return }
        let compacted = store.revisions.compacted
        for pin in store.heldPins where pin.revision < compacted { pin.revoke() }
        waitsSince = nil
    }

    /// The file first, then the note in the log, then the log may be cut.
    private func save(_ request: SnapshotRequest) throws {
        let metadata = RaftSnapshotMetadata(
            confState: request.confState, index: request.index, term: request.term)
        snapshotIndex = request.index
        let times = try save(RaftSnapshot(data: request.legacyTree, metadata: metadata))
        runtime.log.post(
            .snapshot(
                LogSnapshotRecord(
                    index: request.index, term: request.term, confState: request.confState)))
        if runtime.configuration.snapshotsMaximum > 0 {
            _ = try snapshots.purge(keeping: runtime.configuration.snapshotsMaximum)
        }
        runtime.observer.snapshotSaved(index: request.index, term: request.term, times)
    }

    private func save(_ snapshot: RaftSnapshot) throws(SnapshotStoreError) -> SnapshotTimes {
        let began = monotonicNanoseconds()
        let encoded = snapshots.encode(snapshot)
        var times = SnapshotTimes(encoding: monotonicNanoseconds() - began)
        try snapshots.save(encoded) {
            times.writing = monotonicNanoseconds() - began - times.encoding
        }
        times.total = monotonicNanoseconds() - began
        return times
    }
}

/// Defragmentation, in steps between which the overlay is written as ever.
extension BackendThread {
    private func defragmentIfDue() throws(BoltError) {
        guard let completion = defragmentations.first,
            monotonicMilliseconds() >= nextDefragmentationStep
        else { return }
        let started = monotonicNanoseconds()
        defer {
            let took = monotonicNanoseconds() - started
            let rest = defragmentationPace.rest(after: took, applied: runtime.applied)
            let isCatchingUp = (defragmentation?.rounds ?? 0) > 1
            nextDefragmentationStep = monotonicMilliseconds() + (isCatchingUp ? 0 : rest)
        }
        do throws(BoltError) {
            guard let running = defragmentation else {
                defragmentation = try store.beginDefragmentation()
                return
            }
            guard try store.defragmentationStep(running) else { return }
            endDefragmentation(completion, failure: nil)
        } catch {
            // The file is as it was, or the disk is in doubt: then the next commit says so.
            endDefragmentation(
                completion, failure: "the database cannot be defragmented: \(error)")
            // Of a damaged page everybody else would read the same.
            if case .corrupt = error { throw error }
        }
    }

    private func endDefragmentation(
        _ completion: DefragmentationCompletion, failure: String?
    ) {
        defragmentation = nil
        defragmentations.removeFirst()
        completion(failure)
    }
}
