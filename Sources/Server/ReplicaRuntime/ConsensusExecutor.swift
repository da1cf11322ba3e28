import Raft
import Replica
import Stages

/// Runs the consensus stage: hands it what waits and carries its effects to their places.
///
/// Owned by who has the turn. A turn is memory alone, and what it wants of others it posts, so that
/// any thread can run a small one.
final class ConsensusExecutor: TurnTaker {
    private let member: MemberParts
    private var stage: ConsensusStage
    private var effects: [ConsensusEffect] = []

    init(_ member: MemberParts, replica: Replica) {
        self.member = member
        stage = ConsensusStage(
            replica, settings: member.settings, now: monotonicMilliseconds())
    }

    var deadline: Int64 { stage.deadline }

    func isBrief(_ batch: [ConsensusInput]) -> Bool { ConsensusStage.isBrief(batch) }

    func turn(_ batch: [ConsensusInput], by runner: TurnRunner) -> TurnEnd {
        member.admission.noteTaken(batch)
        let surroundings = ConsensusSurroundings(
            now: monotonicMilliseconds(), applied: member.status.applied)
        do throws(StepError) {
            try stage.turn(
                batch, surroundings, isConnected: { member.carrier.isConnected(to: $0) },
                into: &effects)
        } catch {
            member.fail("the consensus machine has stopped: \(error)")
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
        case .publish(let standing):
            member.status.publish(standing, now: monotonicMilliseconds())
        case .publishDetails(let status): member.status.publishDetails(status)
        case .log(let input, false): queues.log.post(input)
        case .log(let input, true): queues.log.postQuietly(input)
        case .apply(let input, false): queues.apply.post(input)
        case .apply(let input, true): queues.apply.postQuietly(input)
        case .backend(let input): queues.backend.post(input)
        case .send(let messages): member.carrier.send(messages)
        case .deliverReplies: stage.replies.deliver()
        case .roleChanged(let state, let term): member.observer.roleChanged(state, term: term)
        case .heartbeatLate(let target, let exceeded):
            member.observer.heartbeatLate(
                to: target, exceededNanoseconds: exceeded,
                intervalMilliseconds: member.settings.tickMilliseconds)
        case .readsFailed(let count): member.observer.readsFailed(count)
        case .inspected(let look, let status): look(status)
        }
    }
}
