package import Identifiers
package import ServerLogging
package import Membership

/// Logs membership changes with etcd's messages.
package struct MembershipObservation: Sendable {
    private let logger: ServerLogger
    private let local: MemberID
    private let cluster: ClusterID

    package init(localID: MemberID, clusterID: ClusterID, logger: ServerLogger) {
        local = localID
        cluster = clusterID
        self.logger = logger
    }

    /// Logs the differences between two lists of members; `before` is nil for the list that the
    /// member starts with.
    package func logChanges(from before: [Member]?, to after: [Member]) {
        guard let before else {
            for member in after {
                log("recovered/added member from store", "recovered-remote-peer", member)
            }
            return
        }
        for member in after {
            guard let former = before.first(where: { $0.id == member.id }) else {
                log("added member", "added-peer", urls: "added-peer-peer-urls", member)
                continue
            }
            if former.isLearner, !member.isLearner { logPromotion(member) }
            if former.peerURLs != member.peerURLs {
                log("updated member", "updated-remote-peer", member)
            }
        }
        for member in before where !after.contains(where: { $0.id == member.id }) {
            log("removed member", "removed-remote-peer", member)
        }
    }

    private func log(_ message: String, _ subject: String, urls: String? = nil, _ member: Member) {
        logger.info(
            message,
            [
                "cluster-id": .hex(cluster.rawValue), "local-member-id": .hex(local.rawValue),
                "\(subject)-id": .hex(member.id.rawValue),
                urls ?? "\(subject)-urls": .strings(member.peerURLs),
                "\(subject)-is-learner": .boolean(member.isLearner),
            ])
    }

    private func logPromotion(_ member: Member) {
        logger.info(
            "promote member",
            [
                "cluster-id": .hex(cluster.rawValue), "local-member-id": .hex(local.rawValue),
                "promoted-member-id": .hex(member.id.rawValue),
            ])
    }
}
