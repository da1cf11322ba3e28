package import Bolt
package import EtcdAPI
import GoText
package import Identifiers

/// The cluster's members, removed members and cluster version.
///
/// Changed only by applying committed entries, on the apply thread. Every change is stored in the
/// buckets `members`, `members_removed` and `cluster` in the transaction of its entry.
///
/// Invariants: `members` is ascending by id; no id is both a member and removed; ids and peer URLs
/// are unique among members.
package struct ClusterMembership: Sendable {
    static let membersBucket = [UInt8]("members".utf8)
    static let removedBucket = [UInt8]("members_removed".utf8)
    static let clusterBucket = [UInt8]("cluster".utf8)

    package let localID: MemberID
    package let clusterID: ClusterID
    package internal(set) var members: [Member] = []
    package internal(set) var removed: Set<MemberID> = []
    /// The cluster version; nil until the leader has decided it.
    package internal(set) var version: SemanticVersion?
    package internal(set) var downgrade = Downgrade()

    /// A downgrade job: members are moved to the target version one by one.
    package struct Downgrade: Equatable, Sendable {
        package var isEnabled = false
        package var targetVersion = ""

        package init(isEnabled: Bool = false, targetVersion: String = "") {
            self.isEnabled = isEnabled
            self.targetVersion = targetVersion
        }
    }

    package init(localID: MemberID, clusterID: ClusterID) {
        self.localID = localID
        self.clusterID = clusterID
    }

    /// The member with an id, if any.
    package subscript(id: MemberID) -> Member? { members.first { $0.id == id } }

    /// This member, once the entry that adds it is applied.
    package var local: Member? { self[localID] }

    /// Adds a member.
    package mutating func add(_ member: Member, into batch: inout BoltWriteBatch) {
        members.removeAll { $0.id == member.id }
        let index = members.firstIndex { member.id < $0.id } ?? members.count
        members.insert(member, at: index)
        persist(member, into: &batch)
    }

    /// Replaces all members and removed members by the initial members of a new cluster.
    package mutating func bootstrap(
        _ initialMembers: [Member], into batch: inout BoltWriteBatch
    ) {
        for bucket in [Self.membersBucket, Self.removedBucket] {
            batch.deleteBucket(bucket)
            batch.createBucket(bucket)
        }
        members = []
        removed = []
        for member in initialMembers { add(member, into: &batch) }
    }

    /// Removes a member. Its id is never reused.
    package mutating func remove(_ id: MemberID, into batch: inout BoltWriteBatch) {
        members.removeAll { $0.id == id }
        removed.insert(id)
        let key = Array(id.description.utf8)
        batch.delete(bucket: Self.membersBucket, key: key)
        batch.put(bucket: Self.removedBucket, key: key, value: Array("removed".utf8))
    }

    /// Promotes a learner to a voter.
    package mutating func promote(_ id: MemberID, into batch: inout BoltWriteBatch) {
        change(id, into: &batch) { $0.isLearner = false }
    }

    /// Changes the peer URLs of a member.
    package mutating func setPeerURLs(
        _ urls: [String], of id: MemberID, into batch: inout BoltWriteBatch
    ) {
        change(id, into: &batch) { $0.peerURLs = urls }
    }

    /// Records the attributes that a started member publishes.
    package mutating func publish(
        name: String, clientURLs: [String], of id: MemberID, into batch: inout BoltWriteBatch
    ) {
        change(id, into: &batch) {
            $0.name = name
            $0.clientURLs = clientURLs
        }
    }

    /// Sets the cluster version.
    package mutating func setVersion(
        _ version: SemanticVersion, into batch: inout BoltWriteBatch
    ) {
        self.version = version
        batch.put(
            bucket: Self.clusterBucket, key: Array("clusterVersion".utf8),
            value: Array(version.description.utf8))
    }

    /// Starts or ends a downgrade job.
    package mutating func setDowngrade(
        _ downgrade: Downgrade, into batch: inout BoltWriteBatch
    ) {
        self.downgrade = downgrade
        let target = downgrade.targetVersion.goJSON
        batch.put(
            bucket: Self.clusterBucket, key: Array("downgrade".utf8),
            value: Array("{\"target-version\":\(target),\"enabled\":\(downgrade.isEnabled)}".utf8))
    }

    private mutating func change(
        _ id: MemberID, into batch: inout BoltWriteBatch, _ edit: (inout Member) -> Void
    ) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        edit(&members[index])
        persist(members[index], into: &batch)
    }

    private func persist(_ member: Member, into batch: inout BoltWriteBatch) {
        batch.put(
            bucket: Self.membersBucket, key: Array(member.id.description.utf8),
            value: Array(member.json.utf8))
    }
}
