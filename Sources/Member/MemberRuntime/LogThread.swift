import MonotonicClock
import Raft
import Replica
import Stages
import WriteAheadLog

/// Runs the log stage on its own thread, since it blocks on the disk.
final class LogThread {
    private let member: MemberContext
    private var stage: LogStage
    private var batch: [LogInput] = []
    private var effects: [LogEffect] = []

    init(_ member: MemberContext, log: WriteAheadLog, snapshots: SnapshotStore) {
        self.member = member
        stage = LogStage(log: log, snapshots: snapshots, configuration: member.configuration)
    }

    /// The body of the thread.
    func run() {
        do {
            while member.queues.log.take(into: &batch) {
                stage.take(&batch)
                while let step = stage.nextStep { try perform(step) }
            }
        } catch {
            return member.fail("the write-ahead log cannot be written: \(error)")
        }
        do {
            try stage.close()
        } catch {
            member.fail("the write-ahead log cannot be closed: \(error)")
        }
    }

    private func perform(_ step: LogStep) throws {
        let (began, bytes) = (MonotonicTime.now(), stage.log.writtenBytes)
        try stage.perform(step, into: &effects)
        switch step {
        case .append(let write, _):
            member.observer.logWritten(
                bytes: stage.log.writtenBytes - bytes, last: write.entries.last?.index,
                took: .now() - began)
        case .synchronize:
            member.observer.logSynchronized(took: .now() - began)
        case .saveSnapshot, .release, .report: break
        }
        for effect in effects { perform(effect) }
        effects.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: LogEffect) {
        let queues = member.queues
        switch effect {
        case .commit(let entries): queues.apply.post(.entries(entries))
        case .written(let number, false): queues.consensus.post(.replica(.written(number)))
        case .written(let number, true): queues.consensus.postDeferred(.replica(.written(number)))
        case .snapshotSaved(let index):
            queues.backend.postDeferred(.snapshotRecorded(index))
            queues.apply.postDeferred(.snapshotSaved)
            queues.consensus.post(.replica(.snapshotSaved(index)))
        case .prepareSegment: queues.segments.post(())
        }
    }
}
