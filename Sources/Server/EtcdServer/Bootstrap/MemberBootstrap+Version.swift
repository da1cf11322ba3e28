import Membership

/// Whether this program may take part in a cluster.
extension MemberBootstrap {
    /// A cluster's version is a promise that all members understand what it means: one that is
    /// older must not start.
    func requireVersion(of membership: ClusterMembership) throws {
        if membership.downgrade.isEnabled {
            logger.info(
                "cluster is downgrading to target version",
                [
                    "target-cluster-version": .string(membership.downgrade.targetVersion),
                    "current-server-version": .string(EtcdVersion.compatible),
                ])
        }
        guard let version = membership.version else { return }
        let own = compatibleVersion.withoutPatch
        guard own >= version.withoutPatch else {
            throw BootstrapError(
                "invalid downgrade; server version is lower than determined cluster version: "
                    + "current-server-version \(own), determined-cluster-version "
                    + version.majorMinor)
        }
        logger.info(
            "set cluster version from store", ["cluster-version": .string(version.majorMinor)])
    }
}
