import ServerLogging
import Membership

/// Log lines of every member when the cluster version is set.
extension RuntimeObservation {
    func logClusterVersion(_ version: SemanticVersion, previous: SemanticVersion?) {
        let member = LogValue.hex(memberID.rawValue)
        let cluster = LogValue.hex(clusterID.rawValue)
        if let previous {
            logger.info(
                "updated cluster version",
                [
                    "cluster-id": cluster, "local-member-id": member,
                    "from": .string(previous.majorMinor), "to": .string(version.majorMinor),
                ])
        } else {
            logger.info(
                "set initial cluster version",
                [
                    "cluster-id": cluster, "local-member-id": member,
                    "cluster-version": .string(version.majorMinor),
                ])
        }
        logger.info(
            "enabled capabilities for version", ["cluster-version": .string(version.majorMinor)])
        if let previous, version < previous { logDowngrade(to: version, from: previous) }
    }

    /// The storage schema follows the cluster version, so an older etcd can start on the file now.
    private func logDowngrade(to version: SemanticVersion, from previous: SemanticVersion) {
        logger.info(
            "Cluster version downgrade detected, forcing snapshot",
            [
                "prev-cluster-version": .string(previous.description),
                "new-cluster-version": .string(version.description),
            ])
        logger.info(
            "The server is ready to downgrade",
            [
                "target-version": .string(version.description),
                "server-version": .string(compatibleVersion.description),
            ])
    }
}
