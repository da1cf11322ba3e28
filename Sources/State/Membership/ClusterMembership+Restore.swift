package import Bolt
package import EtcdAPI
import FoundationEssentials
import Identifiers

/// Restores the membership from the database, at start.
extension ClusterMembership {
    /// Reads members, removed ids, the cluster version and the downgrade job.
    ///
    /// Values that cannot be decoded are ignored; the caller compares the result with the log.
    ///
    /// - Parameter confState: the ConfState recorded in the same database, if any. It decides which
    ///   members are learners: a 3.5 member does not write promotions to its database, since its v2
    ///   store is authoritative.
    package mutating func restore(
        from transaction: BoltReadTransaction, confState: RaftConfState?
    ) throws(PageFault) {
        try restoreMembers(from: transaction)
        if let confState { setRoles(from: confState) }
        guard let cluster = try transaction.bucket(Self.clusterBucket) else { return }
        if let text = try cluster.text(forKey: "clusterVersion") {
            version = SemanticVersion(text)
        }
        if let text = try cluster.text(forKey: "downgrade"),
            let stored = try? JSONDecoder().decode(StoredDowngrade.self, from: Data(text.utf8))
        {
            downgrade = Downgrade(
                isEnabled: stored.enabled ?? false, targetVersion: stored.target ?? "")
        }
    }

    private mutating func setRoles(from confState: RaftConfState) {
        for index in members.indices {
            let id = members[index].id.rawValue
            if confState.voters.contains(id) {
                members[index].isLearner = false
            } else if confState.learners.contains(id) {
                members[index].isLearner = true
            }
        }
    }

    private mutating func restoreMembers(
        from transaction: BoltReadTransaction
    ) throws(PageFault) {
        if let bucket = try transaction.bucket(Self.membersBucket) {
            var cursor = bucket.cursor()
            while let (_, value) = try cursor.next() {
                if let member = Member(json: Array(value)) { members.append(member) }
            }
            members.sort { $0.id < $1.id }
        }
        if let bucket = try transaction.bucket(Self.removedBucket) {
            var cursor = bucket.cursor()
            while let (key, _) = try cursor.next() {
                if let id = MemberID(hexadecimal: String(decoding: key, as: UTF8.self)) {
                    removed.insert(id)
                }
            }
        }
    }
}

private struct StoredDowngrade: Decodable {
    var target: String?
    var enabled: Bool?

    enum CodingKeys: String, CodingKey {
        case target = "target-version"
        case enabled
    }
}

extension BoltBucket {
    fileprivate func text(forKey key: String) throws(PageFault) -> String? {
        try get(Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }
}
