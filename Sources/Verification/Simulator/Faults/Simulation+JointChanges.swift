import Disk
import Raft

/// Changes of several members at once, which lead through a joint configuration.
///
/// etcd proposes none, but what a log holds is followed. They reach the leader as another member's
/// proposal would, and name the voters that there are: so the members stay who they are, while two
/// majorities are asked for, and the joint configuration has to be left by whoever leads then.
extension Simulation {
    func changeJointly() {
        // One that waits, with a leader that stands still or is about to hand over, would name
        // members that have been removed meanwhile.
        guard let leader = leadingMember, leader.host.standsStill(.consensus) <= now,
            leader.consensusQueue.items.isEmpty, !leader.replica.isTransferring,
            administration.call == nil, administration.leaving == nil
        else { return }
        let configuration = leader.replica.status.confState
        guard configuration.votersOutgoing.isEmpty, configuration.voters.count > 1 else { return }
        let transitions: [ConfChangeTransition] = [.automatic, .jointImplicit, .jointExplicit]
        let change = ConfChangeV2(
            transition: transitions[faultDice.number(below: transitions.count)],
            changes: configuration.voters.map { ConfChangeSingle(type: .addVoter, member: $0) })
        propose(change, leader)
    }

    /// A joint configuration that is not left by itself is left by the operator.
    func leaveJointly() {
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
    func noteJointChange(_ member: SimulatedMember) {
        let isJoint = !member.state.confState.votersOutgoing.isEmpty
        report.count(isJoint ? .jointEntered : .jointLeft)
        if isJoint {
            jointTerm = member.standing.term
        } else if let term = jointTerm.take(), term < member.standing.term {
            report.count(.jointLeftByLater)
        }
    }
}
