import EtcdAPI
import Testing

@testable import WriteAheadLog

/// A snapshot from the leader in a log that holds other entries at its index.
@Suite("A log replaced by a snapshot")
struct ReplacedLogTests {
    private let snapshot = LogSnapshotRecord(index: 4, term: 3)

    private func contents(
        entriesBefore: [RaftEntry], entriesAfter: [RaftEntry]
    ) throws -> LogContents {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk)
        try log.append(
            entries: entriesBefore, hardState: RaftHardState(term: 2, vote: 0, commit: 2))
        try log.saveSnapshot(snapshot)
        try log.append(
            entries: entriesAfter, hardState: RaftHardState(term: 3, vote: 0, commit: 4))
        try log.close()
        let (again, contents) = try LogFixture.open(disk, from: snapshot)
        try again.close()
        return contents
    }

    @Test func entriesThatTheSnapshotContradictsAreGone() throws {
        let stale = LogFixture.entries(1...7, term: 2)
        #expect(try contents(entriesBefore: stale, entriesAfter: []).entries.isEmpty)
        let new = LogFixture.entries(5...6, term: 3)
        #expect(try contents(entriesBefore: stale, entriesAfter: new).entries == new)
    }

    @Test func entriesAfterASnapshotOfTheLogItselfStay() throws {
        let own = LogFixture.entries(1...3, term: 2) + LogFixture.entries(4...7, term: 3)
        #expect(
            try contents(entriesBefore: own, entriesAfter: []).entries == Array(own.suffix(3)))
    }

    @Test("A snapshot that was synchronized counts after a crash", arguments: 0..<20)
    func aSnapshotThatWasSynchronizedCounts(seed: UInt64) throws {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk)
        try log.append(
            entries: LogFixture.entries(1...2, term: 3),
            hardState: RaftHardState(term: 3, vote: 0, commit: 2))
        try log.synchronize()
        try log.saveSnapshot(snapshot)
        // Term and vote are unchanged: only the commit index advances, to the snapshot.
        try log.append(entries: [], hardState: RaftHardState(term: 3, vote: 0, commit: 4))
        #expect(log.needsSynchronize)
        try log.synchronize()
        try log.append(entries: [], hardState: RaftHardState(term: 3, vote: 0, commit: 5))
        #expect(!log.needsSynchronize)
        disk.crash(seed: seed)
        let known = try WriteAheadLog.validSnapshots(
            disk: disk, directory: LogFixture.directory)
        #expect(known.last == snapshot)
    }

    /// The member was taking a snapshot of its own when the leader's came.
    @Test func anOlderSnapshotThatIsRecordedLaterIsNotTheNewest() throws {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk)
        try log.append(
            entries: LogFixture.entries(1...2, term: 3),
            hardState: RaftHardState(term: 3, vote: 0, commit: 2))
        try log.saveSnapshot(snapshot)
        try log.append(entries: [], hardState: RaftHardState(term: 3, vote: 0, commit: 4))
        let own = LogSnapshotRecord(index: 2, term: 3)
        try log.saveSnapshot(own)
        let new = LogFixture.entries(5...6, term: 3)
        try log.append(entries: new, hardState: RaftHardState(term: 3, vote: 0, commit: 6))
        try log.close()
        let known = try WriteAheadLog.validSnapshots(
            disk: disk, directory: LogFixture.directory)
        #expect(known.suffix(2) == [own, snapshot])
        let (again, contents) = try LogFixture.open(disk, from: snapshot)
        try again.close()
        #expect(contents.entries == new)
    }

    /// A deposed leader's entries were replaced, and then a snapshot was taken of the last new one.
    @Test func overwrittenEntriesAfterTheSnapshotAreGone() throws {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk)
        try log.append(
            entries: LogFixture.entries(1...7, term: 2),
            hardState: RaftHardState(term: 2, vote: 0, commit: 2))
        try log.append(
            entries: LogFixture.entries(3...4, term: 3),
            hardState: RaftHardState(term: 3, vote: 0, commit: 4))
        try log.saveSnapshot(snapshot)
        try log.close()
        let (again, contents) = try LogFixture.open(disk, from: snapshot)
        try again.close()
        #expect(contents.entries.isEmpty)
    }

    @Test func aSnapshotBeyondTheLogIsItsNewStart() throws {
        let short = LogFixture.entries(1...2, term: 2)
        let new = LogFixture.entries(5...6, term: 3)
        #expect(try contents(entriesBefore: short, entriesAfter: []).entries.isEmpty)
        #expect(try contents(entriesBefore: short, entriesAfter: new).entries == new)
    }
}
