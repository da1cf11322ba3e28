package import Bolt
package import EtcdAPI

/// Who is in the cluster, who was, and on which version it has agreed.
///
/// Changed only by applying committed entries, on the apply thread; every change goes to the
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
    /// nil until the leader has decided it.
    package internal(set) var version: SemanticVersion?
    package internal(set) var downgrade = Downgrade()

    /// A downgrade job: members move to the target version one by one.
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

    /// The member of that id.
    package subscript(id: MemberID) -> Member? { members.first { $0.id == id } }

    /// This member itself, once the entry that adds it is applied.
    package var local: Member? { self[localID] }

    /// Adds a member, as a configuration change says.
    package mutating func add(_ member: Member, into batch: inout BoltWriteBatch) {
        members.removeAll { $0.id == member.id }
        let place = members.firstIndex { member.id < $0.id } ?? members.count
        members.insert(member, at: place)
        persist(member, into: &batch)
    }

    /// Forgets who was in the cluster, and who was removed, for those who found another one.
    package mutating func found(_ founders: [Member], into batch: inout BoltWriteBatch) {
        for bucket in [Self.membersBucket, Self.removedBucket] {
            batch.deleteBucket(bucket)
            batch.createBucket(bucket)
        }
        members = []
        removed = []
        for founder in founders { add(founder, into: &batch) }
    }

    /// Removes a member for good; its id is never taken again.
    package mutating func remove(_ id: MemberID, into batch: inout BoltWriteBatch) {
        members.removeAll { $0.id == id }
        removed.insert(id)
        let key = Array(id.description.utf8)
        batch.delete(bucket: Self.membersBucket, key: key)
        batch.put(bucket: Self.removedBucket, key: key, value: Array("removed".utf8))
    }

    /// Gives a learner its vote.
    package mutating func promote(_ id: MemberID, into batch: inout BoltWriteBatch) {
        change(id, into: &batch) { $0.isLearner = false }
    }

    /// Moves a member to other peer URLs.
    package mutating func setPeerURLs(
        _ urls: [String], of id: MemberID, into batch: inout BoltWriteBatch
    ) {
        change(id, into: &batch) { $0.peerURLs = urls }
    }

    /// Records what a started member says of itself.
    package mutating func publish(
        name: String, clientURLs: [String], of id: MemberID, into batch: inout BoltWriteBatch
    ) {
        change(id, into: &batch) {
            $0.name = name
            $0.clientURLs = clientURLs
        }
    }

    /// Sets the version that all members keep to.
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
        let target = jsonString(downgrade.targetVersion)
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
