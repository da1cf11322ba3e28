import MVCC
import Raft
import Replica
import Stages
import StateMachine

/// Runs the apply stage: hands it what waits and carries its effects to their places.
///
/// Owned by who has the turn; callers that find the owner asleep apply what is small.
final class ApplyExecutor: TurnTaker {
    private let member: MemberParts
    private let watchers: WatchHub
    private var stage: ApplyStage
    private var effects: [ApplyEffect] = []

    init(_ member: MemberParts, _ parts: RuntimeParts) {
        let state = parts.state
        self.member = member
        watchers = state.watchers
        stage = ApplyStage(
            state, id: member.status.replica.id,
            snapshotIndex: parts.replica.snapshotIndex.rawValue,
            snapshotCount: parts.replica.settings.snapshotCount, settings: member.settings,
            now: monotonicMilliseconds())
    }

    var deadline: Int64 { stage.deadline }

    func isBrief(_ batch: [ApplyInput]) -> Bool {
        stage.isBrief(batch, watchers: watchers.counts.watchers)
    }

    func turn(_ batch: [ApplyInput], by runner: TurnRunner) -> TurnEnd {
        let began = monotonicNanoseconds()
        let surroundings = ApplySurroundings(
            now: began / 1_000_000, isUnhurried: runner == .owner)
        do {
            try stage.turn(
                batch, surroundings, isConnected: { member.carrier.isConnected(to: $0) },
                observer: member.observer, into: &effects)
        } catch {
            member.fail("a committed entry cannot be applied: \(error)")
            return .broken
        }
        let ended = monotonicNanoseconds()
        member.status.notePending(stage.pendingProposals)
        performAll(nanoseconds: ended - began)
        return .done
    }

    func finish() {
        stage.finish(into: &effects)
        performAll(nanoseconds: 0)
    }

    private func performAll(nanoseconds: Int64) {
        var entries = 0
        for effect in effects {
            if case .applied(_, let count) = effect { entries += count }
            perform(effect)
        }
        if entries > 0 { member.observer.applied(entries: entries, nanoseconds: nanoseconds) }
        effects.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: ApplyEffect) {
        let (queues, admission) = (member.queues, member.admission)
        switch effect {
        case .applied(let index, _): member.status.noteApplied(index)
        case .progress(let progress, false): queues.consensus.post(.replica(.applied(progress)))
        case .progress(let progress, true):
            queues.consensus.postQuietly(.replica(.applied(progress)))
        case .revoke(let lease, let term):
            member.observer.leaseExpired()
            queues.consensus.post(.ownAsLeader(term: term, admission.revocation(of: lease)))
        case .checkpoint(let leases, let term):
            queues.consensus.post(.ownAsLeader(term: term, admission.checkpoint(of: leases)))
        case .backend(let input): queues.backend.post(input)
        case .raiseSpaceAlarm: member.raiseSpaceAlarm()
        case .spaceAlarm(let isActive): admission.noteSpaceAlarm(isActive: isActive)
        case .membershipChanged(let membership):
            member.status.noteRole(isLearner: membership.local?.isLearner)
            member.carrier.membershipChanged(membership)
        case .wakeWatchers: queues.catchUp.post(())
        case .snapshotInstalled(let index, let revision, let milliseconds):
            member.observer.snapshotInstalled(
                index: index, revision: revision, milliseconds: milliseconds)
        case .proposalsFailed(let count):
            for _ in 0..<count { member.observer.proposalFailed() }
        case .deliverReplies: stage.replies.deliver()
        }
    }
}
