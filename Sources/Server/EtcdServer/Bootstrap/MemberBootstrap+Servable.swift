import EtcdAPI
import Membership
import StateMachine
import WriteAheadLog

/// Whether this program may serve what it has found.
extension MemberBootstrap {
    /// The gate of every state, and that there are no more learners than the operator allows.
    func requireServable(_ state: StateMachine) throws(BootstrapError) {
        tellDowngrade(state.membership)
        do throws(StateRefusal) {
            try ServableState(state).require()
        } catch {
            throw BootstrapError("\(error)")
        }
        if let version = state.membership.version {
            logger.info(
                "set cluster version from store", ["cluster-version": .string(version.majorMinor)])
        }
        try requireFewLearners(state.membership.members)
    }

    /// What is committed and not yet applied must be of kinds that can be applied: the member
    /// would stop over it as soon as it has started.
    func requireSupported(
        _ contents: LogContents, after applied: UInt64
    ) throws(BootstrapError) {
        let commit = contents.hardState.commit
        for record in contents.entries
        where record.type == .normal && record.index > applied && record.index <= commit {
            let entry = CommittedEntry(
                index: record.index, term: record.term, kind: .request, data: record.data)
            do throws(StateError) {
                try StateMachine.requireSupported(entry)
            } catch {
                throw BootstrapError("\(error)")
            }
        }
    }

    private func tellDowngrade(_ membership: ClusterMembership) {
        guard membership.downgrade.isEnabled else { return }
        logger.info(
            "cluster is downgrading to target version",
            [
                "target-cluster-version": .string(membership.downgrade.targetVersion),
                "current-server-version": .string(EtcdVersion.compatible),
            ])
    }
}
