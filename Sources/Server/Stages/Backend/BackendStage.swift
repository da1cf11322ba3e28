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
/// every tenth of a second, slices of a compaction, slices of a defragmentation. It does one
/// indivisible piece of work at a time, so that whoever runs it decides what comes between. Nobody
/// waits for it but those who ask for its work.
///
/// Guarantees: a snapshot's file is durable before its record goes to the log, and that before the
/// log is cut; what is sent to another member holds everything up to its message's index; a
/// defragmentation begins when the compactions accepted before it have removed their records. A
/// failure to write stops the member; the log still holds everything.
package struct BackendStage {
    package let state: StateMachine
    package let snapshots: SnapshotStore
    private let settings: MemberSettings
    /// Identities alone: members are read from the view that is sent.
    private let identity: ClusterMembership
    /// Monotonic nanoseconds, to tell how long the parts of a snapshot file took.
    private let clock: @Sendable () -> Int64
    private let snapshotCount: Int
    private var snapshotIndex: UInt64
    private var steps: [BackendStep] = []
    private var snapshotTimes = SnapshotTimes(encoding: 0)
    private var overlay: PendingBatch?
    /// Whether the last overlay that was taken held anything.
    package private(set) var hasPersisted = false
    private var nextPersist: Int64
    /// Whether a compaction may be under way; at first one may have been interrupted.
    private var isCompacting = true
    private var nextCompactionStep: Int64 = 0
    private var compactionPace = BackendPace()
    /// Since when a compaction waits for readers.
    private var waitsSince: Int64?
    /// Who waits for a defragmentation, in the order of asking; the first one's is under way.
    private var defragmentations: [DefragmentationCompletion] = []
    private var defragmentation: BoltDefragmentation?
    private var nextDefragmentationStep: Int64 = 0
    private var defragmentationPace = BackendPace()
    /// Set by a slice that makes the next one wait.
    private var lastProgress = CompactionProgress.idle

    package init(
        _ state: StateMachine, snapshots: SnapshotStore, snapshotCount: Int,
        snapshotIndex: UInt64, settings: MemberSettings, now: Int64,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.clock = clock
        identity = ClusterMembership(
            localID: state.membership.localID, clusterID: state.membership.clusterID)
        self.state = state
        self.snapshots = snapshots
        self.snapshotCount = snapshotCount
        self.snapshotIndex = snapshotIndex
        self.settings = settings
        nextPersist = now + settings.persistMilliseconds
    }

    private var store: Store { state.store }
    private var bolt: Bolt { state.bolt }

    /// When something is due though nothing has come: monotonic milliseconds.
    package var deadline: Int64 {
        guard steps.isEmpty else { return 0 }
        var deadline = nextPersist
        if isCompacting { deadline = min(deadline, nextCompactionStep) }
        if isDefragmentationDue { deadline = min(deadline, nextDefragmentationStep) }
        return deadline
    }

    /// A defragmentation waits for the compactions that were accepted before it: what they are still
    /// to remove would stay in the copy.
    private var isDefragmentationDue: Bool {
        !defragmentations.isEmpty && (!isCompacting || defragmentation != nil)
    }

    /// Takes one input; what it asks for is done by the steps that follow.
    package mutating func take(_ input: BackendInput, into effects: inout [BackendEffect]) {
        switch input {
        case .persist: steps += BackendStep.persist + [.reportPersisted]
        case .compact: isCompacting = true
        case .snapshot(let request):
            effects.append(
                .snapshotBegins(
                    index: request.index, former: snapshotIndex, count: snapshotCount))
            steps += BackendStep.persist
            steps += [.saveSnapshot(request), .recordSnapshot(request), .purgeSnapshots]
        case .send(let message): steps += BackendStep.persist + [.send(message)]
        case .install(let snapshot):
            steps += [
                .replaceDatabase(snapshot), .reloadState(snapshot), .removeReceived(snapshot),
            ]
        case .work(let work): steps += BackendStep.persist + [.work(work)]
        case .defragment(let completion): defragmentations.append(completion)
        }
    }

    /// Whether something was asked for that is still to be done.
    package var hasSteps: Bool { !steps.isEmpty }

    /// Takes out what is to be done next; nil when nothing is due. It has to be performed.
    package mutating func takeStep(now: Int64) -> BackendStep? {
        if steps.isEmpty { plan(now) }
        return steps.isEmpty ? nil : steps.removeFirst()
    }

    private mutating func plan(_ now: Int64) {
        if now >= nextPersist {
            nextPersist = now + settings.persistMilliseconds
            if store.hasPending { return steps = BackendStep.persist }
        }
        if isCompacting, now >= nextCompactionStep {
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
            overlay = store.hasPending ? store.takePending() : nil
        case .commitOverlay: try commitOverlay()
        case .publishOverlay:
            hasPersisted = overlay.map { !$0.isEmpty } ?? false
            if let overlay { store.publishPersisted(overlay) }
            overlay = nil
        case .reportPersisted: effects.append(.apply(.persisted))
        case .saveSnapshot(let request): try save(request)
        case .recordSnapshot(let request): record(request, into: &effects)
        case .purgeSnapshots: try purgeSnapshots()
        case .send(let message): send(message, into: &effects)
        case .replaceDatabase(let snapshot): try replaceDatabase(snapshot)
        case .reloadState: try reloadState(into: &effects)
        case .removeReceived(let snapshot):
            try purgeSnapshots()
            _ = try snapshots.removeDatabases(olderThan: snapshot.index.rawValue)
        case .work(let work):
            effects.append(.ran(work, Confined(BackendContext(store: store, bolt: bolt))))
        case .compact: try compact(now, into: &effects)
        case .beginDefragmentation: beginDefragmentation(into: &effects)
        case .defragment: defragment(into: &effects)
        }
    }

    /// Sets the pace of what comes in slices by how long the last one took.
    ///
    /// - Parameters:
    ///   - nanoseconds: what the step took.
    ///   - applied: index of the last applied entry.
    package mutating func performed(
        _ step: BackendStep, nanoseconds: Int64, applied: UInt64, now: Int64
    ) {
        switch step {
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
        for completion in defragmentations {
            effects.append(.defragmented(completion, failure: "the member stops"))
        }
        defragmentations = []
        if store.hasPending { try store.persist() }
    }
}

/// The write buffer and snapshots.
extension BackendStage {
    private func commitOverlay() throws {
        guard let overlay, !overlay.isEmpty else { return }
        let transaction = bolt.beginWrite()
        do {
            try store.write(overlay, to: transaction)
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
    }

    private mutating func save(_ request: SnapshotRequest) throws {
        let metadata = RaftSnapshotMetadata(
            confState: request.confState, index: request.index, term: request.term)
        snapshotIndex = request.index
        let began = clock()
        let encoded = snapshots.encode(RaftSnapshot(data: request.legacyTree, metadata: metadata))
        var times = SnapshotTimes(encoding: clock() - began)
        try snapshots.save(encoded) { times.writing = clock() - began - times.encoding }
        times.total = clock() - began
        snapshotTimes = times
    }

    private func record(_ request: SnapshotRequest, into effects: inout [BackendEffect]) {
        effects.append(
            .recordSnapshot(
                LogSnapshotRecord(
                    index: request.index, term: request.term, confState: request.confState)))
        effects.append(
            .snapshotSaved(index: request.index, term: request.term, snapshotTimes))
    }

    private func purgeSnapshots() throws {
        guard settings.snapshotsMaximum > 0 else { return }
        _ = try snapshots.purge(keeping: settings.snapshotsMaximum)
    }

    /// Fills a snapshot message with a state that is at its index or later, all from one view of
    /// the database, so that message and database say the same.
    private func send(_ message: Raft.Message, into effects: inout [BackendEffect]) {
        let reading = bolt.beginRead()
        var message = message
        message.snapshot = Snapshot(
            SnapshotRequest(
                from: reading, identity: identity,
                unnoted: RaftConfState(message.snapshot?.confState ?? ConfState())))
        effects.append(.send(OutgoingSnapshot(message: message, database: reading)))
    }

    /// Puts the received database in the place of the present one. What was applied and is not yet
    /// in the file is dropped: the snapshot holds it.
    private mutating func replaceDatabase(_ snapshot: Snapshot) throws {
        // A copy of the former file is of no use; it is begun anew.
        defragmentation = nil
        try bolt.replace(byFileAt: snapshots.databasePath(index: snapshot.index.rawValue))
    }

    private mutating func reloadState(into effects: inout [BackendEffect]) throws {
        effects.append(.apply(.installed(Confined(try state.reload()))))
        isCompacting = true
    }
}

/// Compaction and defragmentation, in slices between which the overlay is written as ever.
extension BackendStage {
    /// One slice of the compaction, after which there is a pause, so that it never takes the disk
    /// for long: at least the configured one, as in etcd.
    private mutating func compact(_ now: Int64, into effects: inout [BackendEffect]) throws {
        lastProgress = try store.compactionStep()
        if lastProgress != .waiting { waitsSince = nil }
        switch lastProgress {
        case .idle: isCompacting = false
        case .waiting: waitForReaders(now)
        case .removed, .indexed: break
        case .finished(let report):
            effects.append(.apply(.compacted(revision: report.revision)))
            effects.append(.compacted(report))
        }
    }

    /// A reader below the compaction holds it up; one that does so for too long loses its revision.
    private mutating func waitForReaders(_ now: Int64) {
        let since = waitsSince ?? now
        waitsSince = since
        guard now - since >= settings.pinMaximumMilliseconds else { return }
        let compacted = store.revisions.compacted
        for pin in store.heldPins where pin.revision < compacted { pin.revoke() }
        waitsSince = nil
    }

    private mutating func beginDefragmentation(into effects: inout [BackendEffect]) {
        do throws(BoltError) {
            defragmentation = try store.beginDefragmentation()
        } catch {
            endDefragmentation(error, into: &effects)
        }
    }

    private mutating func defragment(into effects: inout [BackendEffect]) {
        guard let running = defragmentation else { return }
        do throws(BoltError) {
            guard try store.defragmentationStep(running) else { return }
            endDefragmentation(nil, into: &effects)
        } catch {
            endDefragmentation(error, into: &effects)
        }
    }

    /// After an error the file is as it was, or the disk is in doubt: then the next commit says so.
    private mutating func endDefragmentation(
        _ error: BoltError?, into effects: inout [BackendEffect]
    ) {
        defragmentation = nil
        guard !defragmentations.isEmpty else { return }
        let failure = error.map { "the database cannot be defragmented: \($0)" }
        effects.append(.defragmented(defragmentations.removeFirst(), failure: failure))
    }
}
