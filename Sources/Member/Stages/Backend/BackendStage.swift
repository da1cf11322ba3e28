import Bolt
import EtcdAPI
package import Identifiers
import MVCC
import Membership
package import MonotonicClock
import Raft
import Replica
package import StateMachine
package import WriteAheadLog

/// The backend stage of a member: the only writer of the database file.
///
/// What it is: requested steps, and periodic ones - the write buffer every tenth of a second,
/// slices of a compaction, slices of a defragmentation, the return of free pages to the file system,
/// the removal of old snapshot files twice a minute. It does one indivisible step at a time; its
/// caller may do something else in between. Only the requesters of its work wait for it.
///
/// Guarantees: a snapshot's file is durable before its record goes to the log, and the record
/// before segments are released; a state sent to another member contains everything up to its
/// message's index; a defragmentation begins when the compactions accepted before it have removed
/// their records. A failure to write stops the member; the log still holds everything.
package struct BackendStage {
    package let state: StateMachine
    package let snapshots: SnapshotStore
    let configuration: MemberConfiguration
    /// IDs only: members are read from the view that is sent.
    let identity: ClusterMembership
    let snapshotCount: Int
    var snapshotIndex: LogIndex
    /// Index of the newest snapshot that the next start can use.
    var recordedIndex: LogIndex
    var steps: [BackendStep] = []
    var encodedSnapshot: EncodedSnapshot?
    var snapshotTimes = SnapshotTimes()
    var pendingBatch: PendingBatch?
    /// Whether the last write buffer that was taken held anything.
    package private(set) var hasPersisted = false
    var nextPersist: MonotonicTime
    /// When snapshot files are purged again; initially before anything else.
    var nextPurge: MonotonicTime
    /// Whether a compaction may be in progress; initially one may have been interrupted.
    var isCompacting = true
    var nextCompactionStep: MonotonicTime = .zero
    var compactionPace = BackendPace()
    /// Since when a compaction waits for readers.
    var waitsSince: MonotonicTime?
    /// Revision of the newest compaction.
    var acceptedCompaction: Revision
    /// The requested defragmentations in order, each with the compaction that comes before it; the
    /// first one is in progress.
    var defragmentations: [(after: Revision, completion: DefragmentationCompletion)] = []
    var defragmentation: BoltDefragmentation?
    var nextDefragmentationStep: MonotonicTime = .zero
    var defragmentationPace = BackendPace()
    /// Whether free pages are being returned to the file system.
    var release = PageRelease.idle
    var nextRelease: MonotonicTime = .zero
    var releasePace = BackendPace()
    /// The last commit that was made to free pages.
    var freedByCommit: UInt64?
    /// Set by a slice that delays the next one.
    var lastProgress = CompactionProgress.idle

    package init(
        _ state: StateMachine, snapshots: SnapshotStore, snapshotCount: Int,
        snapshotIndex: LogIndex, configuration: MemberConfiguration, now: MonotonicTime
    ) {
        identity = ClusterMembership(
            localID: state.membership.localID, clusterID: state.membership.clusterID)
        self.state = state
        self.snapshots = snapshots
        self.snapshotCount = snapshotCount
        self.snapshotIndex = snapshotIndex
        recordedIndex = snapshotIndex
        acceptedCompaction = state.store.revisions.compacted
        self.configuration = configuration
        nextPersist = now + configuration.persistInterval
        nextPurge = now
    }

    private var context: BackendContext {
        BackendContext(store: store, bolt: bolt)
    }

    var store: Store { state.store }
    var bolt: Bolt { state.bolt }

    /// When a step is due without any input.
    package var deadline: MonotonicTime {
        guard steps.isEmpty else { return .zero }
        var deadline = min(nextPersist, nextPurge)
        if isCompacting { deadline = min(deadline, nextCompactionStep) }
        if isDefragmentationDue { deadline = min(deadline, nextDefragmentationStep) }
        if release == .running { deadline = min(deadline, nextRelease) }
        return deadline
    }

    /// A defragmentation waits for the compactions accepted before it: records that they have yet
    /// to remove would stay in the copy.
    var isDefragmentationDue: Bool {
        guard defragmentation == nil, isCompacting else { return !defragmentations.isEmpty }
        return defragmentations.first.map { $0.after <= store.finishedCompactionRevision } ?? false
    }

    /// Takes one input; the following steps do the work.
    package mutating func take(_ input: BackendInput, into effects: inout [BackendEffect]) {
        switch input {
        case .persist: steps += BackendStep.persist + [.reportPersisted]
        case .compact(let revision):
            isCompacting = true
            acceptedCompaction = max(acceptedCompaction, revision)
        case .snapshot(let request):
            effects.append(
                .snapshotBegins(
                    index: request.index, former: snapshotIndex, count: snapshotCount))
            steps += BackendStep.persist
            steps += [.encodeSnapshot(request), .saveSnapshot(request), .recordSnapshot(request)]
        case .snapshotRecorded(let index): recordedIndex = max(recordedIndex, index)
        case .send(let message): steps += BackendStep.persist + [.send(message)]
        case .install(let snapshot):
            steps += [
                .replaceDatabase(snapshot), .reloadState(snapshot), .removeReceived(snapshot),
            ]
        case .work(let work): steps += BackendStep.persist + [.work(work)]
        case .defragment(let completion):
            defragmentations.append((after: acceptedCompaction, completion: completion))
        }
    }

    /// Whether requested steps are still to be done.
    package var hasSteps: Bool { !steps.isEmpty }

    /// Takes the next step; nil when none is due. It has to be performed.
    package mutating func takeStep(now: MonotonicTime) -> BackendStep? {
        if steps.isEmpty { plan(now) }
        return steps.isEmpty ? nil : steps.removeFirst()
    }

    mutating func plan(_ now: MonotonicTime) {
        planRelease(now)
        if now >= nextPersist {
            nextPersist = now + configuration.persistInterval
            if store.hasPending { return steps = BackendStep.persist }
        }
        if now >= nextPurge {
            nextPurge = now + configuration.purgeInterval
            steps = [.purgeSnapshots]
        } else if isCompacting, now >= nextCompactionStep {
            steps = [.compact]
        } else if isDefragmentationDue, now >= nextDefragmentationStep {
            // The write buffer is written first: the copy begins with it.
            steps =
                defragmentation == nil
                ? BackendStep.persist + [.beginDefragmentation] : [.defragment]
        } else if release == .running, now >= nextRelease {
            steps = [.releasePages]
        } else if isMuchPending {
            steps = [.freePages]
        }
    }

    /// Does one step.
    package mutating func perform(
        _ step: BackendStep, now: MonotonicTime, into effects: inout [BackendEffect]
    ) throws {
        switch step {
        case .takeWriteBuffer:
            nextPersist = now + configuration.persistInterval
            pendingBatch = store.hasPending ? try store.takePending() : nil
        case .commitWriteBuffer: try commitWriteBuffer()
        case .publishWriteBuffer:
            hasPersisted = pendingBatch.map { !$0.isEmpty } ?? false
            if let pendingBatch { try store.publishPersisted(pendingBatch) }
            pendingBatch = nil
        case .reportPersisted: effects.append(.apply(.persisted))
        case .encodeSnapshot(let request): encode(request)
        case .saveSnapshot: try saveSnapshot()
        case .recordSnapshot(let request): record(request, into: &effects)
        case .purgeSnapshots: purgeSnapshots(into: &effects)
        case .send(let message): try send(message, into: &effects)
        case .replaceDatabase(let snapshot): try replaceDatabase(snapshot)
        case .reloadState(let snapshot): try reloadState(snapshot, into: &effects)
        case .removeReceived(let snapshot):
            recordedIndex = max(recordedIndex, snapshot.index)
            removeReceivedDatabases(olderThan: snapshot.index, into: &effects)
        case .work(let work):
            effects.append(.ran(work, Confined(context)))
        case .compact: try compact(now, into: &effects)
        case .beginDefragmentation: try beginDefragmentation(into: &effects)
        case .defragment: try defragment(into: &effects)
        case .releasePages: try releasePages(now, into: &effects)
        case .freePages: try freePages(now)
        }
    }

    /// Records how long a step took, and paces the slices by it.
    ///
    /// - Parameters:
    ///   - took: how long the step took.
    ///   - applied: index of the last applied entry.
    package mutating func performed(
        _ step: BackendStep, took: TimeSpan, applied: LogIndex, now: MonotonicTime
    ) {
        switch step {
        case .encodeSnapshot: snapshotTimes = SnapshotTimes(encoding: took)
        case .saveSnapshot: snapshotTimes.writing = took
        case .compact:
            let rest = compactionPace.rest(after: took, applied: applied)
            let pause = max(configuration.compactionPause, rest)
            nextCompactionStep = now + (lastProgress == .indexed ? .zero : pause)
        case .beginDefragmentation, .defragment:
            let rest = defragmentationPace.rest(after: took, applied: applied)
            let isCatchingUp = (defragmentation?.passes ?? 0) > 1
            nextDefragmentationStep = now + (isCatchingUp ? .zero : rest)
        case .releasePages:
            nextRelease =
                now + max(.milliseconds(1), releasePace.rest(after: took, applied: applied))
        default: break
        }
    }

    /// Whether the last slice of a compaction was one of the key index; nil when it did nothing.
    package var wasSliceOfIndex: Bool? {
        switch lastProgress {
        case .idle, .waiting: nil
        case .indexed: true
        case .removed, .finished: false
        }
    }

    /// Writes what is left before the member ends.
    package mutating func finish(into effects: inout [BackendEffect]) throws {
        defragmentation = nil
        for (_, completion) in defragmentations {
            effects.append(.defragmented(completion, failure: "the member is stopping"))
        }
        defragmentations = []
        if store.hasPending { try store.persist() }
    }
}
