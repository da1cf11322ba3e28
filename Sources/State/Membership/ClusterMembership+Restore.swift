package import Bolt
package import EtcdAPI
import FoundationEssentials

/// Reading the membership back from the database, at start.
extension ClusterMembership {
    /// Loads members, removed ids, the cluster version and a running downgrade.
    ///
    /// Values that cannot be read are left out; the caller compares the result with the log.
    ///
    /// - Parameter noted: the membership that consensus noted in the same database, if it did. Who
    ///   has a vote comes from there: a 3.5 member does not write into its database that a learner
    ///   was promoted, its own truth is the former store.
    package mutating func restore(
        from transaction: BoltReadTransaction, noted: RaftConfState?
    ) throws(PageFault) {
        try restoreMembers(from: transaction)
        if let noted { takeRoles(of: noted) }
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

    private mutating func takeRoles(of confState: RaftConfState) {
        for place in members.indices {
            let id = members[place].id.rawValue
            if confState.voters.contains(id) {
                members[place].isLearner = false
            } else if confState.learners.contains(id) {
                members[place].isLearner = true
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
