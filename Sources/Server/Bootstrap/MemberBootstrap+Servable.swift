import Configuration
import EtcdAPI
import Identifiers
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

    /// Committed entries that are not applied yet must be of supported kinds; otherwise the member
    /// would stop right after its start.
    func requireSupported(
        _ contents: LogContents, after applied: LogIndex
    ) throws(BootstrapError) {
        let commit = LogIndex(contents.hardState.commit)
        for record in contents.entries where record.type == .normal {
            let index = LogIndex(record.index)
            guard index > applied, index <= commit else { continue }
            let entry = CommittedEntry(
                index: index, term: Term(record.term), kind: .request, data: record.data)
            do throws(StateError) {
                try StateMachine.requireSupported(entry)
            } catch {
                throw BootstrapError("\(error)")
            }
        }
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
