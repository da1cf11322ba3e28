import MVCC
import MonotonicClock
import Raft
import Replica
import Stages
import StateMachine

/// Runs the apply stage: passes it the queued inputs and performs its effects.
///
/// Accessed only by the thread that currently runs it. Callers may run small batches inline.
final class ApplyExecutor: InlineExecutable {
    private let member: MemberContext
    private let watchers: WatchDispatcher
    private var stage: ApplyStage
    private var effects: [ApplyEffect] = []

    init(_ member: MemberContext, _ parts: RuntimeParts) {
        let state = parts.state
        self.member = member
        watchers = state.watchers
        stage = ApplyStage(
            state, id: member.status.replica.id,
            snapshotIndex: parts.replica.snapshotIndex,
            snapshotCount: parts.replica.configuration.snapshotCount,
            configuration: member.configuration, now: MonotonicTime.now())
    }

    var deadline: MonotonicTime { stage.deadline }

    func isBrief(_ batch: [ApplyInput]) -> Bool {
        stage.isBrief(batch, watchers: watchers.counts.watchers)
    }

    func run(_ batch: [ApplyInput], on thread: ExecutingThread) -> ExecutionEnd {
        let began = MonotonicTime.now()
        let context = ApplyContext(
            now: began, allowsLongWork: thread == .dedicated)
        do {
            try stage.run(
                batch, context, isConnected: { member.transport.isConnected(to: $0) },
                observer: member.observer, into: &effects)
        } catch {
            member.fail("a committed entry cannot be applied: \(error)")
            return .broken
        }
        let ended = MonotonicTime.now()
        member.status.recordPendingProposals(stage.pendingProposals)
        performAll(took: ended - began)
        return .done
    }

    func finish() {
        stage.finish(into: &effects)
        performAll(took: .zero)
    }

    private func performAll(took: TimeSpan) {
        var entries = 0
        for effect in effects {
            if case .applied(_, let count) = effect { entries += count }
            perform(effect)
        }
        if entries > 0 { member.observer.applied(entries: entries, took: took) }
        effects.removeAll(keepingCapacity: true)
    }

    private func perform(_ effect: ApplyEffect) {
        let (queues, admission) = (member.queues, member.admission)
        switch effect {
        case .applied(let index, _): member.status.recordApplied(index)
        case .progress(let progress, false): queues.consensus.post(.replica(.applied(progress)))
        case .progress(let progress, true):
            queues.consensus.postDeferred(.replica(.applied(progress)))
        case .revoke(let lease, let term):
            member.observer.leaseExpired()
            queues.consensus.post(.ownAsLeader(term: term, admission.revocation(of: lease)))
        case .checkpoint(let leases, let term):
            queues.consensus.post(.ownAsLeader(term: term, admission.checkpoint(of: leases)))
        case .backend(let input):
            if case .install(let snapshot) = input {
                member.observer.snapshotInstallationBegins(index: snapshot.index)
            }
            queues.backend.post(input)
        case .raiseSpaceAlarm: member.raiseSpaceAlarm()
        case .endSpaceAlarm(let bytes): member.endSpaceAlarm(countedBytes: bytes)
        case .spaceAlarm(let isActive): admission.recordSpaceAlarm(isActive: isActive)
        case .membershipChanged(let membership):
            member.status.recordRole(isLearner: membership.local?.isLearner)
            member.transport.membershipChanged(membership)
        case .wakeWatchers: queues.catchUp.post(())
        case .snapshotInstalled(let index, let revision, let took):
            member.observer.snapshotInstalled(
                index: index, revision: revision, took: took)
        case .proposalsFailed(let count):
            for _ in 0..<count { member.observer.proposalFailed() }
        case .deliverCompletions: stage.completions.deliver()
        }
    }
}
