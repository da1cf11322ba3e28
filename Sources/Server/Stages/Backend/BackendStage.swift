import Bolt
import EtcdAPI
import MVCC
import Membership
import Raft
import Replica
package import StateMachine
package import WriteAheadLog

/// The backend stage of a member: the only writer of the database file.
///
/// What it is: the steps that are asked for, and those that are due by themselves - the write buffer
/// every tenth of a second, slices of a compaction, slices of a defragmentation, the removal of old
/// snapshot files twice a minute. It does one indivisible piece of work at a time; between two of
/// them its runner may do something else. Only those who ask for its work wait for it.
///
/// Guarantees: a snapshot's file is durable before its record goes to the log, and that before the
/// log is cut; what is sent to another member holds everything up to its message's index; a
/// defragmentation begins when the compactions accepted before it have removed their records. A
/// failure to write stops the member; the log still holds everything.
package struct BackendStage {
    package let state: StateMachine
    package let snapshots: SnapshotStore
    let settings: MemberSettings
    /// Identities alone: members are read from the view that is sent.
    let identity: ClusterMembership
    let snapshotCount: Int
    var snapshotIndex: UInt64
    /// Index of the newest snapshot that the next start can begin with.
    var recordedIndex: UInt64
    var steps: [BackendStep] = []
    var encodedSnapshot: EncodedSnapshot?
    var snapshotTimes = SnapshotTimes()
    var overlay: PendingBatch?
    /// Whether the last overlay that was taken held anything.
    package private(set) var hasPersisted = false
    var nextPersist: Int64
    /// When snapshot files are looked at again; at first before anything else.
    var nextPurge: Int64
    /// Whether a compaction may be under way; at first one may have been interrupted.
    var isCompacting = true
    var nextCompactionStep: Int64 = 0
    var compactionPace = BackendPace()
    /// Since when a compaction waits for readers.
    var waitsSince: Int64?
    /// Revision of the newest compaction.
    var acceptedCompaction: Int64
    /// Who waits for a defragmentation, in the order of asking, and the compaction that comes before
    /// it; the first one's is under way.
    var defragmentations: [(after: Int64, completion: DefragmentationCompletion)] = []
    var defragmentation: BoltDefragmentation?
    var nextDefragmentationStep: Int64 = 0
    var defragmentationPace = BackendPace()
    /// Set by a slice that makes the next one wait.
    var lastProgress = CompactionProgress.idle

    package init(
        _ state: StateMachine, snapshots: SnapshotStore, snapshotCount: Int,
        snapshotIndex: UInt64, settings: MemberSettings, now: Int64
    ) {
        identity = ClusterMembership(
            localID: state.membership.localID, clusterID: state.membership.clusterID)
        self.state = state
        self.snapshots = snapshots
        self.snapshotCount = snapshotCount
        self.snapshotIndex = snapshotIndex
        recordedIndex = snapshotIndex
        acceptedCompaction = state.store.revisions.compacted
        self.settings = settings
        nextPersist = now + settings.persistMilliseconds
        nextPurge = now
    }

    private var context: BackendContext {
        BackendContext(store: store, bolt: bolt)
    }

    var store: Store { state.store }
    var bolt: Bolt { state.bolt }

    /// When something is due though nothing has come: monotonic milliseconds.
    package var deadline: Int64 {
        guard steps.isEmpty else { return 0 }
        var deadline = min(nextPersist, nextPurge)
        if isCompacting { deadline = min(deadline, nextCompactionStep) }
        if isDefragmentationDue { deadline = min(deadline, nextDefragmentationStep) }
        return deadline
    }

    /// A defragmentation waits for the compactions that were accepted before it: what they are still
    /// to remove would stay in the copy.
    var isDefragmentationDue: Bool {
        guard defragmentation == nil, isCompacting else { return !defragmentations.isEmpty }
        return defragmentations.first.map { $0.after <= store.finishedCompactionRevision } ?? false
    }

    /// Takes one input; what it asks for is done by the steps that follow.
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

    /// Whether something was asked for that is still to be done.
    package var hasSteps: Bool { !steps.isEmpty }

    /// Takes out what is to be done next; nil when nothing is due. It has to be performed.
    package mutating func takeStep(now: Int64) -> BackendStep? {
        if steps.isEmpty { plan(now) }
        return steps.isEmpty ? nil : steps.removeFirst()
    }

    mutating func plan(_ now: Int64) {
        if now >= nextPersist {
            nextPersist = now + settings.persistMilliseconds
            if store.hasPending { return steps = BackendStep.persist }
        }
        if now >= nextPurge {
            nextPurge = now + settings.purgeMilliseconds
            steps = [.purgeSnapshots]
        } else if isCompacting, now >= nextCompactionStep {
            steps = [.compact]
        } else if isDefragmentationDue, now >= nextDefragmentationStep {
            // What waits is written first: the copy begins with it.
            steps =
                defragmentation == nil
                ? BackendStep.persist + [.beginDefragmentation] : [.defragment]
        }
    }

    /// Does one step.
    package mutating func perform(
        _ step: BackendStep, now: Int64, into effects: inout [BackendEffect]
    ) throws {
        switch step {
        case .takeOverlay:
            nextPersist = now + settings.persistMilliseconds
            overlay = store.hasPending ? try store.takePending() : nil
        case .commitOverlay: try commitOverlay()
        case .publishOverlay:
            hasPersisted = overlay.map { !$0.isEmpty } ?? false
            if let overlay { try store.publishPersisted(overlay) }
            overlay = nil
        case .reportPersisted: effects.append(.apply(.persisted))
        case .encodeSnapshot(let request): encode(request)
        case .saveSnapshot: try saveSnapshot()
        case .recordSnapshot(let request): record(request, into: &effects)
        case .purgeSnapshots: purgeSnapshots(into: &effects)
        case .send(let message): try send(message, into: &effects)
        case .replaceDatabase(let snapshot): try replaceDatabase(snapshot)
        case .reloadState(let snapshot): try reloadState(snapshot, into: &effects)
        case .removeReceived(let snapshot):
            recordedIndex = max(recordedIndex, snapshot.index.rawValue)
            _ = try snapshots.removeDatabases(olderThan: snapshot.index.rawValue)
        case .work(let work):
            effects.append(.ran(work, Confined(context)))
        case .compact: try compact(now, into: &effects)
        case .beginDefragmentation: try beginDefragmentation(into: &effects)
        case .defragment: try defragment(into: &effects)
        }
    }

    /// Notes how long a step took, and sets the pace of what comes in slices by it.
    ///
    /// - Parameters:
    ///   - nanoseconds: what the step took.
    ///   - applied: index of the last applied entry.
    package mutating func performed(
        _ step: BackendStep, nanoseconds: Int64, applied: UInt64, now: Int64
    ) {
        switch step {
        case .encodeSnapshot: snapshotTimes = SnapshotTimes(encoding: nanoseconds)
        case .saveSnapshot: snapshotTimes.writing = nanoseconds
        case .compact:
            let rest = compactionPace.rest(after: nanoseconds, applied: applied)
            let pause = max(settings.compactionPauseMilliseconds, rest)
            nextCompactionStep = now + (lastProgress == .indexed ? 0 : pause)
        case .beginDefragmentation, .defragment:
            let rest = defragmentationPace.rest(after: nanoseconds, applied: applied)
            let isCatchingUp = (defragmentation?.rounds ?? 0) > 1
            nextDefragmentationStep = now + (isCatchingUp ? 0 : rest)
        default: break
        }
    }

    /// Whether the last slice of a compaction was one of the index; nil when it did nothing.
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
            effects.append(.defragmented(completion, failure: "the member stops"))
        }
        defragmentations = []
        if store.hasPending { try store.persist() }
    }
}
