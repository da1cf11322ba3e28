@testable import Bootstrap
import Bolt
import Disk
import EtcdAPI
import Identifiers
import Raft
import StateMachine
import Testing
import WriteAheadLog

@testable import EtcdServer

/// A follower that crashes while it receives a snapshot from its leader, after each step and at
/// each byte of the log record.
@Suite("Receiving a snapshot", .serialized)
struct SnapshotReceiveTests {
    /// The steps of receiving a snapshot, in order.
    enum Step: Int, CaseIterable {
        case writeTemporary, nameDatabase, saveFile, recordInLog, saveHardState, replaceDatabase
    }

    /// A follower at index 2, and the leader's database at a later index.
    final class Follower {
        let fixture: BootstrapFixture
        let member: StartingMember
        let database: [UInt8]
        let index: LogIndex
        let term: Term

        init(_ fixture: BootstrapFixture, leader: LeaderState) async throws {
            self.fixture = fixture
            (database, index, term) = (leader.database, leader.index, leader.term)
            member = try await fixture.start()
            try fixture.run(member)
        }

        var confState: RaftConfState { RaftConfState(voters: [member.localID.rawValue]) }
        var snapshots: SnapshotStore { member.parts.snapshots }

        func perform(_ step: Step) throws {
            switch step {
            case .writeTemporary:
                try fixture.replace(snapshots.temporaryDatabasePath(index: index), with: database)
            case .nameDatabase: try snapshots.commitDatabase(index: index)
            case .saveFile:
                try snapshots.save(
                    RaftSnapshot(
                        data: bytes("{}"),
                        metadata: RaftSnapshotMetadata(
                            confState: confState, index: index.rawValue, term: term.rawValue)))
            case .recordInLog:
                try member.parts.log.saveSnapshot(
                    LogSnapshotRecord(
                        index: index.rawValue, term: term.rawValue, confState: confState))
            case .saveHardState:
                try member.parts.log.append(
                    entries: [],
                    hardState: RaftHardState(
                        term: term.rawValue, vote: 0, commit: index.rawValue))
                try member.parts.log.synchronize()
            case .replaceDatabase:
                let received = snapshots.databasePath(index: index)
                try fixture.disk.rename(received, to: fixture.database)
                try fixture.disk.synchronizeDirectory(snapshots.directory)
            }
        }
    }

    /// The snapshot of a leader that is further ahead.
    struct LeaderState {
        let database: [UInt8]
        let index: LogIndex
        let term: Term

        init() async throws {
            let fixture = try BootstrapFixture("/leader", on: MemoryDisk(seed: 1))
            let member = try await fixture.start()
            try fixture.run(member)
            try fixture.put((1...20).map { "key\($0)" }, on: member)
            (index, term) = (
                member.parts.state.appliedIndex, Term(member.parts.log.hardState.term)
            )
            fixture.stop(member)
            database = try fixture.content(of: fixture.database)
        }
    }

    /// Restarts the member and checks its state.
    private func check(
        _ fixture: BootstrapFixture, _ leader: LeaderState, mustHave isReceived: Bool?,
        _ context: String
    ) async throws {
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        let applied = member.parts.state.appliedIndex
        #expect(applied == 2 || applied == leader.index, "\(context)")
        if let isReceived { #expect((applied == leader.index) == isReceived, "\(context)") }
        let value = try fixture.value(of: "key20", on: member)
        #expect(value == (applied == 2 ? nil : "key20"), "\(context)")
        #expect(member.parts.replica.lastIndex == applied, "\(context)")
        #expect(member.parts.replica.canCampaign, "\(context)")
        let names = try fixture.disk.list(member.parts.snapshots.directory)
        #expect(!names.contains { $0.hasPrefix("tmp") }, "\(context): \(names)")
        try fixture.run(member)
        #expect(member.parts.state.appliedIndex == applied + 1, "\(context): it continues")
    }

    @Test func aCrashAfterAnyStepLeavesTheOldOrTheNewState() async throws {
        let leader = try await LeaderState()
        let disk = MemoryDisk(seed: 1)
        let follower = try await Follower(BootstrapFixture("/follower", on: disk), leader: leader)
        for last in Step.allCases {
            try follower.perform(last)
            for seed in 1...12 as ClosedRange<UInt64> {
                let crashed = try BootstrapFixture("/follower", on: disk.afterCrash(seed: seed))
                try await check(
                    crashed, leader, mustHave: last.rawValue >= Step.saveHardState.rawValue,
                    "after \(last), seed \(seed)")
            }
        }
    }

    @Test func aCrashAfterAnyStepOnRealFiles() async throws {
        let leader = try await LeaderState()
        for last in Step.allCases {
            let follower = try await Follower(BootstrapFixture(), leader: leader)
            for step in Step.allCases where step.rawValue <= last.rawValue {
                try follower.perform(step)
            }
            follower.fixture.stop(follower.member)
            try await check(
                follower.fixture, leader, mustHave: last.rawValue >= Step.saveHardState.rawValue,
                "after \(last)")
        }
    }

    /// The writes of an unfinished step may be kept in part.
    @Test func aCrashDuringAnyStepLeavesTheOldOrTheNewState() async throws {
        let leader = try await LeaderState()
        for step in Step.allCases {
            for operations in 0...2 {
                let disk = MemoryDisk(seed: UInt64(operations))
                let follower = try await Follower(
                    BootstrapFixture("/follower", on: disk), leader: leader)
                for before in Step.allCases where before.rawValue < step.rawValue {
                    try follower.perform(before)
                }
                var faults = MemoryDiskFaults()
                faults.synchronizesBeforeFailure = operations
                disk.inject(faults)
                try? follower.perform(step)
                disk.inject(MemoryDiskFaults())
                let crashed = try BootstrapFixture(
                    "/follower", on: disk.afterCrash(seed: UInt64(operations)))
                let isReceived = step.rawValue > Step.saveHardState.rawValue ? true : nil
                try await check(
                    crashed, leader, mustHave: isReceived, "in \(step), operation \(operations)")
            }
        }
    }

    @Test func theLogMayEndAtAnyByteOfTheSnapshotRecord() async throws {
        let leader = try await LeaderState()
        let follower = try await Follower(
            BootstrapFixture("/follower", on: MemoryDisk(seed: 3)), leader: leader)
        let fixture = follower.fixture
        let names = try fixture.disk.list(fixture.log).filter { $0.hasSuffix(".wal") }
        let segment = fixture.log + "/" + (try #require(names.first))
        let start = try usedBytes(fixture.content(of: segment))
        for step in [Step.writeTemporary, .nameDatabase, .saveFile, .recordInLog, .saveHardState] {
            try follower.perform(step)
        }
        let complete = try fixture.content(of: segment)
        let end = usedBytes(complete)
        #expect(end > start)
        let disk = try #require(fixture.disk as? MemoryDisk)
        for cut in start...end {
            let torn = try BootstrapFixture("/follower", on: disk.afterCrash(seed: 4))
            let file = try torn.disk.open(segment, .readWrite)
            try file.truncate(to: cut)
            try file.synchronize()
            file.close()
            try await check(
                torn, leader, mustHave: cut == end ? true : nil, "cut at \(cut) of \(end)")
        }
    }

    private func usedBytes(_ content: [UInt8]) -> Int {
        (content.lastIndex { $0 != 0 } ?? -1) + 1
    }

    @Test func aCrashWhileTheDatabaseIsReplacedIsRecoveredAgain() async throws {
        let leader = try await LeaderState()
        for seed in 1...8 as ClosedRange<UInt64> {
            let disk = MemoryDisk(seed: seed)
            let follower = try await Follower(
                BootstrapFixture("/follower", on: disk), leader: leader)
            for step in Step.allCases.dropLast() { try follower.perform(step) }
            var crashed = disk.afterCrash(seed: seed)
            for operation in 0...2 {
                var faults = MemoryDiskFaults()
                faults.synchronizesBeforeFailure = operation
                crashed.inject(faults)
                let fixture = try BootstrapFixture("/follower", on: crashed)
                if let member = try? await fixture.start() { fixture.stop(member) }
                crashed = crashed.afterCrash(seed: seed)
            }
            try await check(
                BootstrapFixture("/follower", on: crashed), leader, mustHave: true, "seed \(seed)")
        }
    }

    @Test func aMissingDatabaseIsAnError() async throws {
        let leader = try await LeaderState()
        let follower = try await Follower(BootstrapFixture(), leader: leader)
        let fixture = follower.fixture
        for step in [Step.saveFile, .recordInLog, .saveHardState] { try follower.perform(step) }
        fixture.stop(follower.member)
        #expect(
            try await fixture.refusal()
                == "failed to recover v3 backend from snapshot: failed to find database snapshot "
                + "file (snap: snapshot file doesn't exist)")
        try fixture.replace(
            follower.snapshots.databasePath(index: leader.index),
            with: fixture.content(of: fixture.database))
        #expect(
            try await fixture.refusal()?.hasSuffix(
                "the database has applied index 2 and does not match with snapshot "
                    + "(index \(leader.index))") == true)
    }

    @Test(arguments: ["damaged", "torn", "with a malformed user"])
    func aDatabaseThatCannotBeUsedLeavesTheOldOne(kind: String) async throws {
        let leader = try await LeaderState()
        let follower = try await Follower(BootstrapFixture(), leader: leader)
        let fixture = follower.fixture
        for step in Step.allCases.dropLast() { try follower.perform(step) }
        fixture.stop(follower.member)
        let received = follower.snapshots.databasePath(index: leader.index)
        var content = leader.database
        switch kind {
        case "damaged": content[4096 + 50] ^= 1
        case "torn": content.removeLast(content.count - 3 * 4096)
        default: try fixture.edit("authUsers", "a", [0xFF], at: received)
        }
        if kind != "with a malformed user" { try fixture.replace(received, with: content) }
        let before = try [fixture.database, received].map { try fixture.content(of: $0) }
        for _ in 0..<2 {
            let message = try #require(try await fixture.refusal())
            #expect(message.contains(received))
            #expect(message.contains("cannot replace the present one"))
            #expect(message.contains("the record 61 is") == (kind == "with a malformed user"))
        }
        #expect(try [fixture.database, received].map { try fixture.content(of: $0) } == before)
        // Once the file is replaced by a valid one, the member starts.
        try fixture.replace(received, with: leader.database)
        try await check(fixture, leader, mustHave: true, "with a good one")
    }

    @Test func orphansAreRemovedAndNeededFilesAreKept() async throws {
        let leader = try await LeaderState()
        let follower = try await Follower(BootstrapFixture(), leader: leader)
        let fixture = follower.fixture
        for step in Step.allCases { try follower.perform(step) }
        fixture.stop(follower.member)
        let (older, newer) = (leader.index.previous, leader.index + 7)
        let snapshots = follower.snapshots
        for path in [
            snapshots.databasePath(index: older), snapshots.databasePath(index: newer),
            snapshots.temporaryDatabasePath(index: newer), snapshots.directory + "/tmp417",
        ] {
            try fixture.replace(path, with: [1, 2, 3])
        }
        fixture.stop(try await fixture.start())
        let names = try fixture.disk.list(snapshots.directory)
        #expect(
            names.filter { $0.hasSuffix(".snap.db") || $0.hasPrefix("tmp") }
                == [String(snapshots.databasePath(index: newer).split(separator: "/").last ?? "")])
    }

    @Test func aLostDatabaseIsRestoredFromTheReceivedOneOrTheLog() async throws {
        let leader = try await LeaderState()
        let follower = try await Follower(BootstrapFixture(), leader: leader)
        let fixture = follower.fixture
        for step in Step.allCases.dropLast() { try follower.perform(step) }
        fixture.stop(follower.member)
        try fixture.disk.remove(fixture.database)
        try await check(fixture, leader, mustHave: true, "from the received one")

        let whole = try BootstrapFixture()
        let member = try await whole.start()
        try whole.run(member)
        whole.stop(member)
        try whole.disk.remove(whole.database)
        let again = try await whole.start()
        defer { whole.stop(again) }
        #expect(again.parts.state.appliedIndex == 0)
        try whole.run(again)
        #expect(again.parts.state.membership.local?.id == member.localID, "from the whole log")
    }
}
