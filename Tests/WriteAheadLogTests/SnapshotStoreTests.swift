import Disk
import EtcdAPI
import Identifiers
import Testing
import WriteAheadLog

@Suite struct SnapshotStoreTests {
    let disk: MemoryDisk
    let store: SnapshotStore

    init() throws {
        disk = MemoryDisk()
        try disk.createDirectory("/snap", permissions: 0o700)
        try disk.synchronizeDirectory("/")
        store = SnapshotStore(disk: disk, directory: "/snap")
    }

    private func snapshot(term: UInt64, index: UInt64) -> RaftSnapshot {
        RaftSnapshot(
            data: Array("{\"Root\":{}}".utf8),
            metadata: RaftSnapshotMetadata(
                confState: RaftConfState(voters: [1, 2]), index: index, term: term))
    }

    @Test func newestSnapshotThatTheLogKnowsIsLoaded() throws {
        #expect(try store.loadNewest() == nil)
        for index in [9, 10, 11] as [UInt64] { try store.save(snapshot(term: 2, index: index)) }
        #expect(
            try store.snapshotNames().last == "0000000000000002-000000000000000b.snap")
        #expect(try store.loadNewest() == snapshot(term: 2, index: 11))
        let known = [
            LogSnapshotRecord(index: 9, term: 2), LogSnapshotRecord(index: 10, term: 2),
            LogSnapshotRecord(index: 11, term: 1),
        ]
        #expect(try store.loadNewest(matching: known) == snapshot(term: 2, index: 10))
        #expect(try store.loadNewest(matching: []) == nil)
        disk.crash(seed: 1)
        #expect(try store.loadNewest() == snapshot(term: 2, index: 11), "saving is durable")
    }

    @Test func brokenFilesAreRenamedForAnyKindOfDamage() throws {
        try store.save(snapshot(term: 1, index: 1))
        try store.save(snapshot(term: 1, index: 2))
        let path = "/snap/0000000000000001-0000000000000002.snap"
        let bytes = try LogFixture.bytes(of: path, on: disk)
        var damages: [[UInt8]] = (0..<bytes.count).map { Array(bytes[..<$0]) }
        for offset in bytes.indices {
            for bit in 0..<8 as Range<UInt8> {
                var damaged = bytes
                damaged[offset] ^= 1 << bit
                damages.append(damaged)
            }
        }
        for damaged in damages {
            try LogFixture.replace(path, with: damaged, on: disk)
            let loaded = try store.loadNewest()
            // A bit that the checksum's varint does not use changes nothing.
            if loaded == snapshot(term: 1, index: 2) { continue }
            #expect(loaded == snapshot(term: 1, index: 1))
            #expect(disk.exists(path + ".broken") && !disk.exists(path))
        }
        try LogFixture.replace(path, with: [], on: disk)
        #expect(
            throws: SnapshotStoreError.empty(file: "0000000000000001-0000000000000002.snap")
        ) { try store.load("0000000000000001-0000000000000002.snap") }
    }

    @Test func failedSaveLeavesNoFiles() throws {
        for failing in 0..<2 {
            var faults = MemoryDiskFaults()
            faults.synchronizesBeforeFailure = failing
            disk.inject(faults)
            #expect(throws: SnapshotStoreError.self) { try store.save(snapshot(term: 1, index: 5)) }
            disk.inject(MemoryDiskFaults())
            #expect(try disk.list("/snap").allSatisfy { !$0.hasPrefix("tmp") })
        }
        var faults = MemoryDiskFaults()
        faults.capacityBytes = 30
        disk.inject(faults)
        #expect(throws: SnapshotStoreError.self) { try store.save(snapshot(term: 1, index: 6)) }
        #expect(!disk.exists("/snap/" + SnapshotStore.fileName(term: 1, index: 6)))
    }

    @Test func startupAndPurgeRemoveWhatIsNotNeeded() throws {
        for index in 1...7 as ClosedRange<UInt64> {
            try store.save(snapshot(term: 1, index: index))
            try LogFixture.replace(
                store.temporaryDatabasePath(index: LogIndex(index)), with: [1], on: disk)
            try store.commitDatabase(index: LogIndex(index))
        }
        for name in ["db", "tmp123", "tmp.x.snap", "db.tmp.55", "zz.snap.db", "x.snap.broken"] {
            try LogFixture.replace("/snap/" + name, with: [1], on: disk)
        }
        #expect(try store.removeLeftovers() == ["db.tmp.55", "tmp.x.snap", "tmp123"])
        #expect(
            try store.removeDatabases(olderThan: 3)
                == ["0000000000000001.snap.db", "0000000000000002.snap.db"])
        try store.purge(keeping: 0)
        try store.purge(keeping: 2)
        #expect(
            try disk.list("/snap") == [
                "0000000000000001-0000000000000006.snap", "0000000000000001-0000000000000007.snap",
                "0000000000000006.snap.db", "0000000000000007.snap.db",
                "db", "x.snap.broken", "zz.snap.db",
            ])
    }

    /// The newer ones may be lost with the record that is still to be written.
    @Test func theNewestRecordedSnapshotStays() throws {
        for index in 1...5 as ClosedRange<UInt64> {
            try store.save(snapshot(term: 1, index: index))
        }
        #expect(
            try store.purge(keeping: 2, recorded: 2) == ["0000000000000001-0000000000000001.snap"])
        #expect(try store.purge(keeping: 2, recorded: 2) == [])
        #expect(
            try store.purge(keeping: 2, recorded: 5) == [
                "0000000000000001-0000000000000002.snap", "0000000000000001-0000000000000003.snap",
            ])
    }

    /// While the log is blocked, more of them may arrive than are kept.
    @Test func databasesThatWaitToBeInstalledStay() throws {
        for index in 1...5 as ClosedRange<UInt64> {
            try LogFixture.replace(
                store.temporaryDatabasePath(index: LogIndex(index)), with: [1], on: disk)
            try store.commitDatabase(index: LogIndex(index))
        }
        #expect(try store.purge(keeping: 2, recorded: 1) == ["0000000000000001.snap.db"])
        #expect(try store.purge(keeping: 2, recorded: 2) == ["0000000000000002.snap.db"])
        #expect(try store.purge(keeping: 2, recorded: 5) == ["0000000000000003.snap.db"])
    }
}
