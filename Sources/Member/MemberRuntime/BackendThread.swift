import Raft
import Stages
import StateMachine

/// Runs the backend stage on its own thread, since it blocks on the disk.
final class BackendThread {
    private let member: MemberContext
    private var stage: BackendStage
    private var batch: [BackendInput] = []
    private var effects: [BackendEffect] = []
    /// Start of the current write of the write buffer: monotonic nanoseconds.
    private var persistBegan: Int64 = 0

    init(_ member: MemberContext, _ parts: RuntimeParts) {
        self.member = member
        stage = BackendStage(
            parts.state, snapshots: parts.snapshots,
            snapshotCount: parts.replica.configuration.snapshotCount,
            snapshotIndex: parts.replica.snapshotIndex,
            configuration: member.configuration, now: monotonicMilliseconds())
    }

    /// The body of the thread. Writes what is left before it ends.
    func run() {
        do {
            while member.queues.backend.take(into: &batch, until: stage.deadline) {
                for input in batch { stage.take(input, into: &effects) }
                performAll()
                if let step = stage.takeStep(now: monotonicMilliseconds()) { try perform(step) }
            }
            while stage.hasSteps, let step = stage.takeStep(now: monotonicMilliseconds()) {
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
        let began = monotonicNanoseconds()
        try stage.perform(step, now: began / 1_000_000, into: &effects)
        let ended = monotonicNanoseconds()
        observe(step, began, ended)
        stage.performed(
            step, nanoseconds: ended - began, applied: member.status.applied,
            now: ended / 1_000_000)
        performAll()
    }

    private func observe(_ step: BackendStep, _ began: Int64, _ ended: Int64) {
        switch step {
        case .takeWriteBuffer: persistBegan = began
        case .publishWriteBuffer where stage.hasPersisted:
            member.observer.persisted(nanoseconds: ended - persistBegan)
        case .compact:
            guard let isOfIndex = stage.wasSliceOfIndex else { return }
            member.observer.compactionStep(nanoseconds: ended - began, isOfIndex: isOfIndex)
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
        case .compacted(let report):
            observer.compacted(
                revision: report.revision, removed: report.removedCount, hash: report.hash.hash)
        }
    }
}
