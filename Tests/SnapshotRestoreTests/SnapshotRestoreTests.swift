import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import Membership
import SnapshotRestore
import StateMachine
import Testing
import WriteAheadLog

/// A member created from a snapshot holds the keys of the old cluster and belongs to the new one.
@Suite("Restoring a snapshot")
struct SnapshotRestoreTests {
    private static let database = "/data/snap/db"
    private static let members = [7, 5, 6].map { number in
        Member(
            id: MemberID(rawValue: number), peerURLs: ["http://host\(number):2380"],
            name: "m\(number)")
    }

    private let disk = MemoryDisk()
    private let clusterID = ClusterID(rawValue: 0xC2)

    private func openState() throws -> StateMachine {
        let bolt = try Bolt.open(
            disk: disk, path: Self.database,
            configuration: BoltConfiguration(initialMapBytes: 16 << 20, growthStepBytes: 0))
        return try StateMachine(
            bolt: bolt,
            membership: ClusterMembership(localID: MemberID(rawValue: 5), clusterID: clusterID),
            configuration: StateMachineConfiguration(),
            storeConfiguration: StoreConfiguration(indexReservedBytes: 256 << 20))
    }

    /// The database of a cluster of member 1, which removed member 2: a key, a lease, 40 entries.
    private func makeSnapshot() throws {
        try disk.createDirectory("/data/snap", permissions: 0o700)
        let state = try openState()
        defer { state.bolt.close() }
        let former = Member(id: MemberID(rawValue: 1), peerURLs: ["http://old:2380"])
        let entries: [(CommittedEntry.Kind, [UInt8])] = [
            (
                .memberChange,
                RaftConfChange(type: .addNode, nodeID: 1, context: Array(former.json.utf8))
                    .encoded()
            ),
            (.memberChange, RaftConfChange(type: .removeNode, nodeID: 2).encoded()),
            (
                .request,
                wrapped(
                    InternalRaftRequest.Field.leaseGrant,
                    LeaseGrantRequest(ttlSeconds: 60, id: 9).encoded())
            ),
            (
                .request,
                wrapped(
                    InternalRaftRequest.Field.put,
                    PutRequest(key: [1], value: [2], lease: 9).encoded())
            ),
        ]
        try state.applyBatch {
            for (index, entry) in entries.enumerated() {
                _ = try state.apply(
                    CommittedEntry(
                        index: LogIndex(UInt64(index) + 37), term: 3, kind: entry.0, data: entry.1))
            }
        }
        try state.store.persist()
    }

    private func wrapped(_ field: UInt32, _ payload: [UInt8]) -> [UInt8] {
        payload.withUnsafeBytes { InternalRaftRequest.wrap(id: 1, field: field, payload: $0) }
    }

    private func restore() throws {
        try makeSnapshot()
        try SnapshotRestore(
            members: Self.members, localID: MemberID(rawValue: 5), clusterID: clusterID
        ).run(on: disk, database: Self.database, snapshots: "/data/snap", log: "/data/wal")
    }

    @Test func theDatabaseKeepsKeysAndLeasesAndHasTheNewMembers() throws {
        try restore()
        let state = try openState()
        defer { state.bolt.close() }
        #expect(state.store.revisions.current == 2)
        #expect(state.lessor.listing.byExpiry.map(\.id.rawValue) == [9])
        #expect(state.membership.members == Self.members.sorted { $0.id < $1.id })
        #expect(state.membership.removed.isEmpty)
        #expect(state.appliedIndex == 3)
        #expect(state.appliedTerm == 1)
        #expect(state.confState.voters == [5, 6, 7])
    }

    @Test func theLogHasAddedTheMembersAndRecordsTheirSnapshot() throws {
        try restore()
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: "/data/wal")
        let newest = try #require(known.last)
        #expect(newest.index == 3)
        #expect(newest.term == 1)
        #expect(newest.confState?.voters == [5, 6, 7])

        let (log, contents) = try WriteAheadLog.open(
            disk: disk, directory: "/data/wal", from: LogSnapshotRecord(index: 0, term: 0))
        defer { try? log.close() }
        let changes = try contents.entries.map { try RaftConfChange(decoding: $0.data) }
        #expect(contents.entries.map(\.index) == [1, 2, 3])
        #expect(contents.entries.allSatisfy { $0.term == 1 && $0.type == .confChange })
        #expect(changes.map(\.nodeID) == [5, 6, 7])
        #expect(contents.hardState == RaftHardState(term: 1, vote: 5, commit: 3))
        #expect(
            contents.metadata == LogMetadata(nodeID: 5, clusterID: clusterID.rawValue).encoded())

        let store = SnapshotStore(disk: disk, directory: "/data/snap")
        let snapshot = try store.load(SnapshotStore.fileName(term: 1, index: 3))
        #expect(snapshot.metadata.confState.voters == [5, 6, 7])
        #expect(String(decoding: snapshot.data, as: UTF8.self).contains("http://host6:2380"))
    }

    @Test func aDirectoryThatHasALogIsLeftAlone() throws {
        try restore()
        #expect(throws: LogError.self) { try restore() }
    }
}
