import MonotonicClock
import Raft
import Replica
import Stages

/// Runs the consensus stage: passes it the queued inputs and performs its effects.
///
/// Accessed only by the thread that currently runs it. A run works in memory only and posts
/// everything else to other queues, so any thread may run a small batch.
final class ConsensusExecutor: InlineExecutable {
    private let member: MemberContext
    private var stage: ConsensusStage
    private var effects: [ConsensusEffect] = []

    init(_ member: MemberContext, replica: Replica) {
        self.member = member
        stage = ConsensusStage(
            replica, configuration: member.configuration, now: MonotonicTime.now())
    }

    var deadline: MonotonicTime { stage.deadline }

    func isBrief(_ batch: [ConsensusInput]) -> Bool { ConsensusStage.isBrief(batch) }

    func run(_ batch: [ConsensusInput], on thread: ExecutingThread) -> ExecutionEnd {
        member.admission.releaseReceived(batch)
        let context = ConsensusContext(
            now: MonotonicTime.now(), applied: member.status.applied)
        do throws(StepError) {
            try stage.run(
                batch, context, isConnected: { member.transport.isConnected(to: $0) },
                into: &effects)
        } catch {
            member.fail("the Raft machine has stopped: \(error)")
            return .broken
        }
        performAll()
        return .done
    }

    func finish() {
        stage.finish(into: &effects)
        performAll()
    }

    private func performAll() {
        for effect in effects { perform(effect) }
        effects.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: ConsensusEffect) {
        let queues = member.queues
        switch effect {
        case .publish(let summary):
            member.status.publish(summary, now: MonotonicTime.now())
        case .publishDetails(let status): member.status.publishDetails(status)
        case .log(let input, false): queues.log.post(input)
        case .log(let input, true): queues.log.postDeferred(input)
        case .apply(let input, false): queues.apply.post(input)
        case .apply(let input, true): queues.apply.postDeferred(input)
        case .backend(let input): queues.backend.post(input)
        case .send(let messages): member.transport.send(messages)
        case .deliverCompletions: stage.completions.deliver()
        case .roleChanged(let state, let term): member.observer.roleChanged(state, term: term)
        case .heartbeatLate(let target, let exceeded):
            member.observer.heartbeatLate(
                to: target, exceeded: exceeded, interval: member.configuration.tickInterval)
        case .readsFailed(let count): member.observer.readsFailed(count)
        case .inspected(let body, let status): body(status)
        }
    }
}
