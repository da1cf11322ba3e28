import Bolt
package import Disk
import EtcdAPI
import MVCC
package import Membership
import StateMachine
package import WriteAheadLog

/// Makes a member of a new cluster out of a snapshot: it begins with all keys, leases and alarms of
/// the snapshot, and with the new cluster's members in the place of the former ones.
///
/// The log counts as having added the members, one committed entry each, and a snapshot file stands
/// for these entries, so that the member starts as any that has run before.
package struct SnapshotRestore: Sendable {
    /// Who founds the new cluster, ascending by id.
    private let members: [Member]
    private let localID: MemberID
    private let clusterID: ClusterID

    /// The entries that add the members are of this term.
    private static let term: UInt64 = 1

    /// - Parameter members: the founders of the new cluster, this member among them.
    package init(members: [Member], localID: MemberID, clusterID: ClusterID) {
        precondition(members.contains { $0.id == localID }, "a member founds its own cluster")
        self.members = members.sorted { $0.id < $1.id }
        self.localID = localID
        self.clusterID = clusterID
    }

    private var newestIndex: UInt64 { UInt64(members.count) }

    private var confState: RaftConfState { RaftConfState(voters: members.map(\.id.rawValue)) }

    /// Turns a directory that holds nothing but the database of a snapshot into that of a member.
    ///
    /// - Parameters:
    ///   - database: path of the snapshot's database, which becomes that of the member.
    ///   - snapshots: directory of the snapshot files.
    ///   - log: directory of the log, which does not exist yet.
    /// - Throws: `BoltError`, `LogError` or `SnapshotStoreError`; what was done stays then.
    package func run(
        on disk: any Disk, database: String, snapshots: String, log: String,
        configuration: LogConfiguration = LogConfiguration()
    ) throws {
        let writing = try WriteAheadLog.create(
            disk: disk, directory: log,
            metadata: LogMetadata(nodeID: localID.rawValue, clusterID: clusterID.rawValue)
                .encoded(),
            configuration: configuration)
        do {
            let membership = try renewMembership(on: disk, database)
            try writing.append(entries: entries, hardState: hardState)
            try writing.synchronize()
            try SnapshotStore(disk: disk, directory: snapshots).save(snapshot(of: membership))
            try writing.saveSnapshot(
                LogSnapshotRecord(index: newestIndex, term: Self.term, confState: confState))
        } catch {
            try? writing.close()
            throw error
        }
        try writing.close()
    }

    /// The database names the entries that add the members as the last it has applied.
    private func renewMembership(
        on disk: any Disk, _ database: String
    ) throws -> ClusterMembership {
        let bolt = try Bolt.open(disk: disk, path: database, options: BoltOptions())
        defer { bolt.close() }
        var batch = BoltWriteBatch()
        var membership = ClusterMembership(localID: localID, clusterID: clusterID)
        membership.found(members, into: &batch)
        let transaction = bolt.beginWrite()
        do {
            try batch.apply(to: transaction)
            let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
            try AppliedMark(index: newestIndex, term: Self.term, confState: confState)
                .write(to: meta)
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
        return membership
    }

    private var entries: [RaftEntry] {
        members.enumerated().map { place, member in
            let change = RaftConfChange(
                type: .addNode, nodeID: member.id.rawValue, context: Array(member.json.utf8))
            return RaftEntry(
                type: .confChange, term: Self.term, index: UInt64(place) + 1,
                data: change.encoded())
        }
    }

    private var hardState: RaftHardState {
        RaftHardState(term: Self.term, vote: members[0].id.rawValue, commit: newestIndex)
    }

    private func snapshot(of membership: ClusterMembership) -> RaftSnapshot {
        RaftSnapshot(
            data: Array(membership.legacyTreeJSON.utf8),
            metadata: RaftSnapshotMetadata(
                confState: confState, index: newestIndex, term: Self.term))
    }
}
