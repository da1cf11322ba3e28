import Membership

/// What every member tells when the cluster agrees on a version.
extension RuntimeObservation {
    func tell(_ version: SemanticVersion, previous: SemanticVersion?) {
        let member = LogValue.hex(memberID.rawValue)
        let cluster = LogValue.hex(clusterID)
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
        if let previous, version < previous { tellDowngrade(to: version, from: previous) }
    }

    /// The file's schema moves with the cluster's version, so the older etcd can start on it now.
    private func tellDowngrade(to version: SemanticVersion, from previous: SemanticVersion) {
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
