import Disk
import Raft

/// Changes of several members at once, which lead through a joint configuration.
///
/// etcd proposes none, but applies those in a log. They reach the leader like a proposal of another
/// member, and name the current voters: so the members stay the same, while two majorities are
/// needed, and the leader of that time has to leave the joint configuration.
extension Simulation {
    func proposeJointChange() {
        // A change that waits for a leader that is paused or about to transfer leadership would
        // name members that have been removed meanwhile.
        guard let leader = leadingMember, leader.host.blockedUntil(.consensus) <= now,
            leader.consensusQueue.items.isEmpty, !leader.replica.isTransferring,
            administration.call == nil, administration.leaving == nil
        else { return }
        let configuration = leader.replica.status.confState
        guard configuration.votersOutgoing.isEmpty, configuration.voters.count > 1 else { return }
        let transitions: [ConfChangeTransition] = [.automatic, .jointImplicit, .jointExplicit]
        let change = ConfChangeV2(
            transition: transitions[faultRandom.number(below: transitions.count)],
            changes: configuration.voters.map { ConfChangeSingle(type: .addVoter, member: $0) })
        propose(change, leader)
    }

    /// The operator leaves a joint configuration that is not left automatically.
    func leaveJointConfiguration() {
        guard let leader = leadingMember else { return }
        let configuration = leader.replica.status.confState
        guard !configuration.votersOutgoing.isEmpty, !configuration.autoLeave else { return }
        propose(.leaveJoint, leader)
    }

    private func propose(_ change: ConfChangeV2, _ leader: SimulatedMember) {
        let entry = Entry(term: .zero, index: .zero, type: .confChangeV2, data: change.encoded)
        leader.post(
            .received([Message(type: .propose, to: leader.id, from: leader.id, entries: [entry])]))
    }

    /// A general change was applied by the first member.
    func recordJointChange(_ member: SimulatedMember) {
        let isJoint = !member.state.confState.votersOutgoing.isEmpty
        report.count(isJoint ? .jointEntered : .jointLeft)
        if isJoint {
            jointTerm = member.summary.term
        } else if let term = jointTerm.take(), term < member.summary.term {
            report.count(.jointLeftByLater)
        }
    }
}
