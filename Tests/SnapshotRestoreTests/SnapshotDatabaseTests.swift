import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import Membership
import SnapshotRestore
import StateMachine
import Testing

/// The database that a leader sends is checked as a whole before it may replace a valid one.
@Suite("The database of a snapshot")
struct SnapshotDatabaseTests {
    private static let path = "/received"
    private static let index: LogIndex = 40
    private static let term: Term = 3

    private let disk = MemoryDisk()

    /// Writes the image that a leader sends, which has applied entry 40.
    private func receive(_ edits: (BoltWriteTransaction) throws -> Void = { _ in }) throws {
        let bolt = try Bolt.open(
            disk: disk, path: "/db",
            configuration: BoltConfiguration(initialMapBytes: 16 << 20, growthStepBytes: 0))
        defer { bolt.close() }
        let state = try StateMachine(
            bolt: bolt,
            membership: ClusterMembership(
                localID: MemberID(rawValue: 5), clusterID: ClusterID(rawValue: 2)),
            configuration: StateMachineConfiguration(),
            storeConfiguration: StoreConfiguration(indexReservedBytes: 256 << 20))
        try state.applyBatch {
            for number in 1...Self.index.rawValue {
                let put = PutRequest(
                    key: Array("key\(number)".utf8)[...],
                    value: [UInt8](repeating: UInt8(number), count: 300)[...])
                let data = put.encoded().withUnsafeBytes {
                    InternalRaftRequest.wrap(
                        id: number, field: InternalRaftRequest.Field.put, payload: $0)
                }
                _ = try state.apply(
                    CommittedEntry(
                        index: LogIndex(number), term: Self.term, kind: .request, data: data))
            }
        }
        try state.store.persist()
        let transaction = bolt.beginWrite()
        try edits(transaction)
        try transaction.commit()
        try write(image(of: bolt))
    }

    private func image(of bolt: Bolt) -> [UInt8] {
        let reading = bolt.beginRead()
        defer { reading.end() }
        var image = [UInt8](repeating: 0, count: reading.sizeBytes)
        _ = image.withUnsafeMutableBytes { reading.readPages(at: 0, into: $0) }
        return image
    }

    private func write(_ content: [UInt8]) throws {
        let file = try disk.open(Self.path, .create(permissions: 0o600))
        defer { file.close() }
        try file.truncate(to: 0)
        try content.withUnsafeBytes { try file.write($0, at: 0) }
        try file.synchronize()
    }

    private func content() throws -> [UInt8] {
        let file = try disk.open(Self.path, .read)
        defer { file.close() }
        var content = [UInt8](repeating: 0, count: try file.size())
        _ = try content.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return content
    }

    private var database: SnapshotDatabase { SnapshotDatabase(disk: disk, path: Self.path) }

    private func accept(through index: LogIndex = index) throws -> SnapshotDatabase.ReplacedIndex? {
        try database.accept(index: index, term: Self.term)
    }

    private func set(
        _ bucket: String, _ key: String, _ value: [UInt8], _ transaction: BoltWriteTransaction
    ) throws {
        try transaction.createBucketIfMissing(Array(bucket.utf8)).put(Array(key.utf8), value)
    }

    private func mark() throws -> ConsistentIndex {
        let bolt = try Bolt.open(
            disk: disk, path: Self.path, configuration: BoltConfiguration(readOnly: true))
        defer { bolt.close() }
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try ConsistentIndex(from: reading)
    }

    /// Copies have the newest meta page in page 0, whether its transaction ID is even or odd.
    @Test(arguments: [0, 1]) func aValidOneIsAcceptedUnchanged(more: Int) throws {
        try receive { transaction in
            try set("other", "k", [UInt8(more)], transaction)
        }
        if more == 1 { try receive() }
        let before = try content()
        #expect(try accept() == nil)
        #expect(try accept(through: LogIndex(Self.index.rawValue - 7)) == nil, "it may be ahead")
        try database.requireServable(through: Self.index)
        #expect(try content() == before)
    }

    @Test(arguments: [0, 1]) func bothMetaPagesHaveToBeValid(page: Int) throws {
        try receive()
        try disk.flipBit(3, of: Self.path, at: page * 4096 + 60)
        #expect(throws: StateRefusal.brokenPage("page \(page): meta page is not valid")) {
            try accept()
        }
    }

    @Test func aTruncatedFileIsRefused() throws {
        try receive()
        let whole = try content()
        for pages in [0, 1, 2, 3, whole.count / 4096 / 2, whole.count / 4096 - 1] {
            try write(Array(whole[..<(pages * 4096)]))
            #expect(throws: StateRefusal.self) { try accept() }
        }
    }

    /// Whatever a page is used for, its header has to match the page.
    @Test func aPageWithAnotherPagesHeaderIsRefused() throws {
        try receive()
        let whole = try content()
        var refused = 0
        for page in 2..<(whole.count / 4096) {
            try write(whole)
            try disk.flipBit(0, of: Self.path, at: page * 4096)
            if (try? accept()) == nil, (try? database.requireServable(through: 1)) == nil {
                refused += 1
            }
        }
        #expect(refused > 3, "pages of keys, and of the buckets")
    }

    /// A key that became a bucket, a bucket that became a key, and what is neither.
    @Test(arguments: [0, 1, 9]) func anElementOfTheWrongTypeIsRefused(bit: Int) throws {
        try receive()
        let whole = try content()
        var leaves = 0
        for page in 2..<(whole.count / 4096) {
            try write(whole)
            try disk.flipBit(0, of: Self.path, at: page * 4096)
            let isInUse = (try? database.requireServable(through: 1)) == nil
            let isLeaf = whole[page * 4096 + 8] == 2
            let hasElements = whole[page * 4096 + 10] > 0
            guard isInUse, isLeaf, hasElements else { continue }
            leaves += 1
            try write(whole)
            try disk.flipBit(bit % 8, of: Self.path, at: page * 4096 + 16 + bit / 8)
            #expect(throws: StateRefusal.self, "page \(page)") { try accept() }
        }
        #expect(leaves > 2, "pages of keys, and of the buckets")
    }

    @Test func everyRecordHasToBeReadable() throws {
        let name = RevisionKey(RevisionPair(main: 41)).encoded
        for (key, value) in [(name, [0xFF, 0xFF]), ([1, 2, 3], [])] as [([UInt8], [UInt8])] {
            try receive { transaction in
                try transaction.createBucketIfMissing(StoreBucket.key).put(key, value)
            }
            #expect(throws: StateRefusal.store(.malformedRecord(key: key))) { try accept() }
            try disk.remove("/db")
        }
    }

    @Test func usersAndStorageVersionAreChecked() throws {
        let own = SemanticVersion(3, 7)
        try receive { try set("auth", "authEnabled", [1], $0) }
        #expect(try accept() == nil)
        try receive { try set("authUsers", "a", [0xFF], $0) }
        #expect(throws: StateRefusal.store(.malformedRecord(key: Array("a".utf8)))) {
            try accept()
        }
        try disk.remove("/db")
        try receive { try set("meta", "storageVersion", Array("3.8.0".utf8), $0) }
        #expect(throws: StateRefusal.storageVersion(SemanticVersion(3, 8), own: own)) {
            try accept()
        }
    }

    @Test func anOlderOneIsAcceptedFrom35Only() throws {
        try receive { try set("meta", "storageVersion", Array("3.6.0".utf8), $0) }
        let refusal = StateRefusal.olderThanSnapshot(appliedIndex: 40, snapshotIndex: 43)
        let before = try content()
        #expect(throws: refusal) { try accept(through: 43) }
        #expect(try content() == before && !refusal.isPermanent)

        try disk.remove("/db")
        try receive()
        #expect(throws: refusal) { try database.requireServable(through: 43) }
        #expect(try accept(through: 43)?.appliedIndex == 40)
        disk.crash(seed: 1)
        try database.requireServable(through: 43)
        #expect(try mark().index == 43 && mark().term == Self.term)
    }

    @Test func anAppliedIndexThatNoLogReachesIsRefused() throws {
        for index in [LogIndex.limit, .max] {
            try receive { transaction in
                let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
                try StoreBucket.recordApplied(index: index, term: Self.term, in: meta)
            }
            #expect(throws: StateRefusal.appliedIndexOutOfRange(index)) { try accept() }
            #expect(throws: StateRefusal.appliedIndexOutOfRange(index)) {
                try database.requireServable(through: Self.index)
            }
            try disk.remove("/db")
        }
    }

    @Test func anEmptyOneIsRefused() throws {
        let bolt = try Bolt.open(disk: disk, path: Self.path)
        bolt.close()
        let refusal = StateRefusal.olderThanSnapshot(appliedIndex: 0, snapshotIndex: 40)
        #expect(throws: refusal) { try accept() }
    }
}
