package import Bolt
package import Disk
import EtcdAPI
package import Identifiers
import MVCC
package import Membership
import StateMachine
package import WriteAheadLog

/// Creates a member of a new cluster from a snapshot: it starts with all keys, leases and alarms of
/// the snapshot, and with the members of the new cluster instead of the former ones.
///
/// The log contains one committed entry for each member that it adds, and a snapshot file stands
/// for these entries, so that the member starts like any that has run before.
package struct SnapshotRestore: Sendable {
    /// The initial members of the new cluster, ascending by ID.
    private let members: [Member]
    private let localID: MemberID
    private let clusterID: ClusterID

    /// The term of the entries that add the members.
    private static let term: Term = 1

    /// - Parameter members: the initial members of the new cluster, including this one.
    package init(members: [Member], localID: MemberID, clusterID: ClusterID) {
        precondition(members.contains { $0.id == localID }, "the new cluster contains this member")
        self.members = members.sorted { $0.id < $1.id }
        self.localID = localID
        self.clusterID = clusterID
    }

    private var newestIndex: LogIndex { LogIndex(UInt64(members.count)) }

    private var confState: RaftConfState { RaftConfState(voters: members.map(\.id.rawValue)) }

    /// Makes the directory of a member from one that contains only the database of a snapshot.
    ///
    /// - Parameters:
    ///   - database: path of the snapshot's database, which becomes that of the member.
    ///   - snapshots: directory of the snapshot files.
    ///   - log: directory of the log, which does not exist yet.
    /// - Throws: `BoltError`, `LogError` or `SnapshotStoreError`; completed steps are not undone.
    package func run(
        on disk: any Disk, database: String, snapshots: String, log: String,
        configuration: LogConfiguration = LogConfiguration(),
        databaseConfiguration: BoltConfiguration = BoltConfiguration()
    ) throws {
        let writing = try WriteAheadLog.create(
            disk: disk, directory: log,
            metadata: LogMetadata(nodeID: localID.rawValue, clusterID: clusterID.rawValue)
                .encoded(),
            configuration: configuration)
        do {
            let membership = try renewMembership(on: disk, database, databaseConfiguration)
            try writing.append(entries: entries, hardState: hardState)
            try writing.synchronize()
            try SnapshotStore(disk: disk, directory: snapshots).save(snapshot(of: membership))
            try writing.saveSnapshot(
                LogSnapshotRecord(
                    index: newestIndex.rawValue, term: Self.term.rawValue, confState: confState))
        } catch {
            try? writing.close()
            throw error
        }
        try writing.close()
    }

    /// Sets the consistent index of the database to the last entry that adds a member.
    private func renewMembership(
        on disk: any Disk, _ database: String, _ configuration: BoltConfiguration
    ) throws -> ClusterMembership {
        let bolt = try Bolt.open(disk: disk, path: database, configuration: configuration)
        defer { bolt.close() }
        var batch = BoltWriteBatch()
        var membership = ClusterMembership(localID: localID, clusterID: clusterID)
        membership.bootstrap(members, into: &batch)
        let transaction = bolt.beginWrite()
        do {
            try batch.apply(to: transaction)
            let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
            // The ConfState stays that of the snapshot, as in etcd, where only a database without
            // members is read by it; but no member begins in the joint configuration of another
            // cluster.
            if try isJoint(bolt) {
                try ConsistentIndex(index: newestIndex, term: Self.term, confState: confState)
                    .write(to: meta)
            } else {
                try StoreBucket.recordApplied(index: newestIndex, term: Self.term, in: meta)
            }
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
        return membership
    }

    private func isJoint(_ bolt: Bolt) throws(PageFault) -> Bool {
        let reading = bolt.beginRead()
        defer { reading.end() }
        let stored = try ConsistentIndex(from: reading).confState
        return stored.map { !$0.votersOutgoing.isEmpty } ?? false
    }

    private var entries: [RaftEntry] {
        members.enumerated().map { index, member in
            let change = RaftConfChange(
                type: .addNode, nodeID: member.id.rawValue, context: Array(member.json.utf8))
            return RaftEntry(
                type: .confChange, term: Self.term.rawValue, index: UInt64(index) + 1,
                data: change.encoded())
        }
    }

    private var hardState: RaftHardState {
        RaftHardState(
            term: Self.term.rawValue, vote: members[0].id.rawValue, commit: newestIndex.rawValue)
    }

    private func snapshot(of membership: ClusterMembership) -> RaftSnapshot {
        RaftSnapshot(
            data: Array(membership.legacyTreeJSON.utf8),
            metadata: RaftSnapshotMetadata(
                confState: confState, index: newestIndex.rawValue, term: Self.term.rawValue))
    }
}
