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
    }
}
