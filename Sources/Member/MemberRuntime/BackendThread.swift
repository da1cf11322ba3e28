import MonotonicClock
import Raft
import Stages
import StateMachine

/// Runs the backend stage on its own thread, since it blocks on the disk.
final class BackendThread {
    private let member: MemberContext
    private var stage: BackendStage
    private var batch: [BackendInput] = []
    private var effects: [BackendEffect] = []
    /// Start of the current write of the write buffer.
    private var persistBegan = MonotonicTime.zero

    init(_ member: MemberContext, _ parts: RuntimeParts) {
        self.member = member
        stage = BackendStage(
            parts.state, snapshots: parts.snapshots,
            snapshotCount: parts.replica.configuration.snapshotCount,
            snapshotIndex: parts.replica.snapshotIndex,
            configuration: member.configuration, now: MonotonicTime.now())
    }

    /// The body of the thread. Writes what is left before it ends.
    func run() {
        do {
            while member.queues.backend.take(into: &batch, until: stage.deadline) {
                for input in batch { stage.take(input, into: &effects) }
                performAll()
                if let step = stage.takeStep(now: MonotonicTime.now()) { try perform(step) }
            }
            while stage.hasSteps, let step = stage.takeStep(now: MonotonicTime.now()) {
                try perform(step)
            }
            try stage.finish(into: &effects)
        } catch let refusal as StateRefusal {
            member.fail("the received snapshot cannot be installed: \(refusal)")
        } catch {
            member.fail("the database cannot be written: \(error)")
        }
        performAll()
    }

    private func perform(_ step: BackendStep) throws {
        let began = MonotonicTime.now()
        try stage.perform(step, now: began, into: &effects)
        let ended = MonotonicTime.now()
        observe(step, began, ended)
        stage.performed(
            step, took: ended - began, applied: member.status.applied,
            now: ended)
        performAll()
    }

    private func observe(_ step: BackendStep, _ began: MonotonicTime, _ ended: MonotonicTime) {
        switch step {
        case .takeWriteBuffer: persistBegan = began
        case .publishWriteBuffer where stage.hasPersisted:
            member.observer.persisted(took: ended - persistBegan, stage.state.bolt.commitTimes)
        case .compact:
            guard let isOfIndex = stage.wasSliceOfIndex else { return }
            member.observer.compactionStep(took: ended - began, isOfIndex: isOfIndex)
        default: break
        }
    }

    private func performAll() {
        for effect in effects { perform(effect) }
        effects.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: BackendEffect) {
        let observer = member.observer
        switch effect {
        case .apply(let input): member.queues.apply.post(input)
        case .recordSnapshot(let record): member.queues.log.post(.snapshot(record))
        case .send(let snapshot): member.transport.send(snapshot)
        case .ran(let work, let context): work(context.value)
        case .defragmented(let completion, let failure): completion(failure)
        case .snapshotBegins(let index, let former, let count):
            observer.snapshotBegins(index: index, former: former, count: count)
        case .snapshotSaved(let index, let term, let times):
            observer.snapshotSaved(index: index, term: term, times)
        case .purged(let names): observer.purged(names)
        case .purgeFailed(let error): observer.purgeFailed(error)
        case .releaseFailed(let error): observer.releaseFailed(error)
        case .compacted(let report):
            observer.compacted(
                revision: report.revision, removed: report.removedCount, hash: report.hash.hash)
        }
    }
}
