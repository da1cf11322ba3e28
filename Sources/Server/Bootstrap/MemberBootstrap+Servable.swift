import Configuration
import EtcdAPI
import Identifiers
import InitialMembers
import Membership
import StateMachine
import WriteAheadLog

/// Checks whether this version can serve the restored state.
extension MemberBootstrap {
    /// The check that every loaded state passes, and the limit on learners.
    func requireServable(_ state: StateMachine) throws(BootstrapError) {
        logDowngrade(state.membership)
        do throws(StateRefusal) {
            try ServableState(state).require()
        } catch {
            throw BootstrapError("\(error)")
        }
        if let version = state.membership.version {
            logger.info(
                "set cluster version from store", ["cluster-version": .string(version.majorMinor)])
        }
        try requireLearnerLimit(state.membership.members)
    }

    private func logDowngrade(_ membership: ClusterMembership) {
        guard membership.downgrade.isEnabled else { return }
        logger.info(
            "cluster is downgrading to target version",
            [
                "target-cluster-version": .string(membership.downgrade.targetVersion),
                "current-server-version": .string(EtcdVersion.compatible),
            ])
    }
}
