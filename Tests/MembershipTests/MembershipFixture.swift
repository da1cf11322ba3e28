import Bolt
import Disk
import EtcdAPI
import Identifiers
import Testing

@testable import Membership

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func id(_ number: UInt64) -> MemberID { MemberID(rawValue: number) }

/// A membership and the database file that stores its changes.
struct MembershipFixture {
    let bolt: Bolt
    var membership = ClusterMembership(localID: id(1), clusterID: ClusterID(rawValue: 0xC))
    var batch = BoltWriteBatch()

    init() throws {
        bolt = try Bolt.open(disk: MemoryDisk(), path: "db")
        for bucket in ["members", "members_removed", "cluster"] {
            batch.createBucket(bytes(bucket))
        }
    }

    mutating func add(_ number: UInt64, _ urls: String..., isLearner: Bool = false) {
        membership.add(
            Member(id: id(number), peerURLs: urls, isLearner: isLearner), into: &batch)
    }

    mutating func commit() throws {
        let transaction = bolt.beginWrite()
        try batch.apply(to: transaction)
        try transaction.commit()
        batch.removeAll()
    }

    /// Commits the pending changes and reads them into a new membership, as at start.
    mutating func restarted(confState: RaftConfState? = nil) throws -> ClusterMembership {
        try commit()
        var result = ClusterMembership(
            localID: membership.localID, clusterID: membership.clusterID)
        let reading = bolt.beginRead()
        defer { reading.end() }
        try result.restore(from: reading, confState: confState)
        return result
    }

    func stored(_ bucket: String, _ key: String) throws -> String? {
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try reading.bucket(bytes(bucket))?.get(bytes(key))
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
