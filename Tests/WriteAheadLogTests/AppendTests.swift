import Disk
import EtcdAPI
import Testing
import WriteAheadLog

@Suite struct AppendTests {
    let disk: MemoryDisk

    init() throws {
        disk = try LogFixture.disk()
    }

    private func segments() throws -> [String] {
        try disk.list(LogFixture.directory).filter { $0.hasSuffix(".wal") }
    }

    @Test func newLogBeginsWithEtcdsBytes() throws {
        let log = try LogFixture.create(disk)
        let path = LogFixture.directory + "/0000000000000000-0000000000000000.wal"
        let bytes = try LogFixture.bytes(of: path, on: disk)
        #expect(bytes.count == 1 << 20)
        #expect(
            bytes.prefix(16) == [4, 0, 0, 0, 0, 0, 0, 0x84, 8, 4, 16, 0, 0, 0, 0, 0],
            "the checksum record 0")
        #expect(try WriteAheadLog.exists(disk: disk, directory: LogFixture.directory))
        #expect(!disk.exists(LogFixture.directory + ".tmp"))
        #expect(throws: LogError.alreadyExists(directory: LogFixture.directory)) {
            _ = try LogFixture.create(disk)
        }
        try log.close()
        let (_, contents) = try LogFixture.open(disk)
        #expect(contents.metadata == LogFixture.metadata)
        #expect(contents.entries.isEmpty && contents.hardState == RaftHardState())
    }

    @Test func createReplacesTheRemainsOfAnInterruptedCreate() throws {
        try disk.createDirectory(LogFixture.directory + ".tmp", permissions: 0o700)
        try LogFixture.replace(LogFixture.directory + ".tmp/x", with: [1], on: disk)
        try disk.createDirectory(LogFixture.directory, permissions: 0o700)
        try LogFixture.replace(LogFixture.directory + "/0.tmp", with: [1], on: disk)
        #expect(try !WriteAheadLog.exists(disk: disk, directory: LogFixture.directory))
        _ = try LogFixture.create(disk)
        #expect(try disk.list(LogFixture.directory).count == 1)
    }

    @Test func appendedBatchesAreReadBack() throws {
        let log = try LogFixture.create(disk)
        let state = RaftHardState(term: 1, vote: 3, commit: 2)
        try log.append(entries: LogFixture.entries(1...3), hardState: state)
        #expect(log.needsSynchronize)
        try log.synchronize()
        #expect(!log.needsSynchronize)
        try log.append(entries: [], hardState: nil)
        try log.append(entries: [], hardState: RaftHardState(term: 1, vote: 3, commit: 3))
        #expect(!log.needsSynchronize, "a commit index alone needs no synchronization")
        try log.append(entries: [], hardState: RaftHardState(term: 2, vote: 0, commit: 3))
        #expect(log.needsSynchronize)
        let big = LogFixture.entry(4, term: 2, bytes: 3 << 20)
        let empty = RaftEntry(term: 2, index: 5)
        let change = RaftEntry(type: .confChange, term: 2, index: 6, data: [1])
        try log.append(entries: [big, empty, change], hardState: nil)
        #expect(log.lastIndex == 6)
        try log.close()

        let (reopened, contents) = try LogFixture.open(disk)
        #expect(contents.entries == LogFixture.entries(1...3) + [big, empty, change])
        #expect(contents.hardState == RaftHardState(term: 2, vote: 0, commit: 3))
        #expect(reopened.lastIndex == 6)
        try reopened.append(entries: [LogFixture.entry(7, term: 2)], hardState: nil)
        try reopened.close()
        #expect(try LogFixture.open(disk).contents.entries.count == 7)
    }

    @Test func laterEntriesReplaceEarlierOnesAndWhatFollowedThem() throws {
        let log = try LogFixture.create(disk)
        try log.append(entries: LogFixture.entries(1...5), hardState: nil)
        try log.append(entries: LogFixture.entries(3...3, term: 2), hardState: nil)
        try log.close()
        let contents = try LogFixture.open(disk).contents
        #expect(contents.entries == LogFixture.entries(1...2) + LogFixture.entries(3...3, term: 2))
    }

    @Test func entriesWithAGapAreRejected() throws {
        let log = try LogFixture.create(disk)
        try log.append(entries: [LogFixture.entry(1), LogFixture.entry(3)], hardState: nil)
        try log.close()
        let error = LogError.entryOutOfRange(index: 3, term: 1, snapshotIndex: 0, readEntries: 1)
        #expect(throws: error) { _ = try LogFixture.open(disk) }
        #expect(
            "\(error)" == "wal: slice bounds out of range, snapshot[Index: 0], "
                + "current entry[Index: 3, Term: 1], len(ents): 1")
    }

    @Test func fullSegmentsAreCutAndReadAsOneLog() throws {
        let log = try LogFixture.create(disk, segmentSizeBytes: 2000)
        for index in 1...100 as ClosedRange<UInt64> {
            let prepares = index % 3 == 0
            if prepares { _ = try log.preparation.prepare(sliceBytes: 700) }
            try log.append(
                entries: [LogFixture.entry(index, bytes: Int(index) * 3)],
                hardState: RaftHardState(term: 1, vote: 2, commit: index - 1))
        }
        #expect(log.tailSequence > 5)
        try log.close()
        let names = try segments()
        #expect(names.count == Int(log.tailSequence) + 1)
        for name in names.dropLast() {
            let size = try disk.open(LogFixture.directory + "/" + name, .read).size()
            #expect((2000..<2600).contains(size), "ended segments have no unused space")
        }
        let (reopened, contents) = try LogFixture.open(disk, segmentSizeBytes: 2000)
        #expect(contents.entries.map(\.index) == Array(1...100))
        #expect(contents.hardState == RaftHardState(term: 1, vote: 2, commit: 99))
        try reopened.append(entries: LogFixture.entries(101...200), hardState: nil)
        try reopened.close()
        #expect(try LogFixture.open(disk).contents.entries.count == 200)
    }

    @Test func readingBeginsAtASnapshotInItsSegment() throws {
        let log = try LogFixture.create(disk, segmentSizeBytes: 2000)
        let snapshot = LogSnapshotRecord(
            index: 50, term: 1, confState: RaftConfState(voters: [1, 2, 3]))
        for index in 1...100 as ClosedRange<UInt64> {
            try log.append(
                entries: [LogFixture.entry(index)],
                hardState: RaftHardState(term: 1, vote: 2, commit: index))
            if index == 60 { try log.saveSnapshot(snapshot) }
        }
        let uncommitted = LogSnapshotRecord(index: 101, term: 1)
        try log.saveSnapshot(uncommitted)
        #expect(
            try WriteAheadLog.validSnapshots(disk: disk, directory: LogFixture.directory)
                == [LogFixture.origin, snapshot])
        log.releaseSegments(upTo: 50)
        try log.purge(keeping: 100)
        let before = try segments()
        let removed = try log.purge(keeping: 1)
        #expect(removed.count > 1)
        #expect(try segments() == Array(before.dropFirst(removed.count)))
        try log.close()

        let (_, contents) = try LogFixture.open(disk, from: snapshot)
        #expect(contents.entries.map(\.index) == Array(51...100))
        #expect(throws: LogError.noSegment(snapshotIndex: 0)) { _ = try LogFixture.open(disk) }
        disk.closeAllFiles()
        #expect(throws: LogError.snapshotMismatch) {
            _ = try LogFixture.open(disk, from: LogSnapshotRecord(index: 50, term: 2))
        }
        #expect(throws: LogError.snapshotNotFound) {
            _ = try LogFixture.open(disk, from: LogSnapshotRecord(index: 70, term: 1))
        }
        #expect(
            try WriteAheadLog.validSnapshots(disk: disk, directory: LogFixture.directory)
                == [snapshot], "reading may begin after purged segments")
    }

    @Test func missingSegmentsAndSecondOpenersAreNoticed() throws {
        let log = try LogFixture.create(disk, segmentSizeBytes: 500)
        for index in 1...30 as ClosedRange<UInt64> {
            try log.append(entries: [LogFixture.entry(index)], hardState: nil)
        }
        let tail = LogFixture.directory + "/0000000000000000-0000000000000000.wal"
        #expect(throws: LogError.disk(.locked(path: tail))) { _ = try LogFixture.open(disk) }
        try log.close()
        try disk.remove(LogFixture.directory + "/" + segments()[1])
        #expect(throws: LogError.brokenSequence(directory: LogFixture.directory)) {
            _ = try LogFixture.open(disk)
        }
    }

    @Test func segmentsOfAnotherLogAreRejected() throws {
        let log = try LogFixture.create(disk, segmentSizeBytes: 500)
        let other = try WriteAheadLog.create(
            disk: disk, directory: "/member/other", metadata: [8, 1, 16, 2],
            configuration: LogConfiguration(segmentSizeBytes: 500))
        for index in 1...8 as ClosedRange<UInt64> {
            try log.append(entries: [LogFixture.entry(index)], hardState: nil)
            try other.append(entries: [LogFixture.entry(index)], hardState: nil)
        }
        let name = try #require(try segments().last)
        let bytes = try LogFixture.bytes(of: "/member/other/" + name, on: disk)
        try log.close()
        try LogFixture.replace(LogFixture.directory + "/" + name, with: bytes, on: disk)
        #expect(throws: LogError.self) { _ = try LogFixture.open(disk) }
    }

    @Test func preparedSegmentsAreZeroEvenWhereOldFilesWere() throws {
        let log = try LogFixture.create(disk, segmentSizeBytes: 1000)
        try LogFixture.replace(
            LogFixture.directory + "/0.tmp", with: [UInt8](repeating: 0xEE, count: 5000), on: disk)
        while try log.preparation.prepare(sliceBytes: 300) {}
        #expect(
            try LogFixture.bytes(of: LogFixture.directory + "/0.tmp", on: disk)
                == [UInt8](repeating: 0, count: 1000))
        #expect(try !log.preparation.prepare(sliceBytes: 300))
        try log.append(entries: [LogFixture.entry(1, bytes: 1000)], hardState: nil)
        #expect(try segments().count == 2 && log.tailSequence == 1)
        _ = try log.preparation.prepare(sliceBytes: 300)
        #expect(disk.exists(LogFixture.directory + "/1.tmp"))
    }

    @Test func aSegmentWhosePreparationFailedIsNotUsed() throws {
        let log = try LogFixture.create(disk, segmentSizeBytes: 1000)
        _ = try log.preparation.prepare(sliceBytes: 300)
        var faults = MemoryDiskFaults()
        faults.synchronizesBeforeFailure = 0
        disk.inject(faults)
        #expect(throws: LogError.self) { _ = try log.preparation.prepare(sliceBytes: 700) }
        // The log creates a file of its own, and so does the next preparation.
        try log.append(entries: [LogFixture.entry(1, bytes: 1000)], hardState: nil)
        #expect(log.tailSequence == 1)
        #expect(
            try disk.open(LogFixture.directory + "/" + (segments().last ?? ""), .read).size()
                == 1000)
        while try log.preparation.prepare(sliceBytes: 300) {}
        try log.close()
        #expect(try LogFixture.open(disk).1.entries.count == 1)
    }
}
