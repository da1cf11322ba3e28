package import Membership

/// Turns a change of who is a member into log lines, in etcd's words.
package struct MembershipObservation: Sendable {
    private let logger: ServerLogger
    private let local: MemberID
    private let cluster: ClusterID

    package init(localID: MemberID, clusterID: ClusterID, logger: ServerLogger) {
        local = localID
        cluster = clusterID
        self.logger = logger
    }

    /// Tells what differs between two lists of members; `before` is nil for the list that the
    /// member starts with.
    package func note(from before: [Member]?, to after: [Member]) {
        guard let before else {
            for member in after {
                note("recovered/added member from store", "recovered-remote-peer", member)
            }
            return
        }
        for member in after {
            guard let former = before.first(where: { $0.id == member.id }) else {
                note("added member", "added-peer", urls: "added-peer-peer-urls", member)
                continue
            }
            if former.isLearner, !member.isLearner { notePromoted(member) }
            if former.peerURLs != member.peerURLs {
                note("updated member", "updated-remote-peer", member)
            }
        }
        for member in before where !after.contains(where: { $0.id == member.id }) {
            note("removed member", "removed-remote-peer", member)
        }
    }

    private func note(_ message: String, _ subject: String, urls: String? = nil, _ member: Member) {
        logger.info(
            message,
            [
                "cluster-id": .hex(cluster.rawValue), "local-member-id": .hex(local.rawValue),
                "\(subject)-id": .hex(member.id.rawValue),
                urls ?? "\(subject)-urls": .strings(member.peerURLs),
                "\(subject)-is-learner": .boolean(member.isLearner),
            ])
    }

    private func notePromoted(_ member: Member) {
        logger.info(
            "promote member",
            [
                "cluster-id": .hex(cluster.rawValue), "local-member-id": .hex(local.rawValue),
                "promoted-member-id": .hex(member.id.rawValue),
            ])
    }
}
