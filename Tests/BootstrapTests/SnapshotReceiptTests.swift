import Bolt
import Disk
import EtcdAPI
import Raft
import StateMachine
import Testing
import WriteAheadLog

@testable import EtcdServer

/// A follower that crashes while it takes a snapshot from its leader, at each of the places and
/// bytes where that can be.
@Suite("Receiving a snapshot", .serialized)
struct SnapshotReceiptTests {
    /// The steps of a receipt, in their order.
    enum Step: Int, CaseIterable {
        case writeTemporary, nameDatabase, saveFile, noteInLog, saveHardState, replaceDatabase
    }

    /// A follower at index 2 on its disk, and the leader's database at a later index.
    final class Receipt {
        let fixture: BootstrapFixture
        let member: StartingMember
        let database: [UInt8]
        let index: UInt64
        let term: UInt64

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
                            confState: confState, index: index, term: term)))
            case .noteInLog:
                try member.parts.log.saveSnapshot(
                    LogSnapshotRecord(index: index, term: term, confState: confState))
            case .saveHardState:
                try member.parts.log.append(
                    entries: [], hardState: RaftHardState(term: term, vote: 0, commit: index))
                try member.parts.log.synchronize()
            case .replaceDatabase:
                let received = snapshots.databasePath(index: index)
                try fixture.disk.rename(received, to: fixture.database)
                try fixture.disk.synchronizeDirectory(snapshots.directory)
            }
        }
    }

    /// What a leader that is further on would send.
    struct LeaderState {
        let database: [UInt8]
        let index: UInt64
        let term: UInt64

        init() async throws {
            let fixture = try BootstrapFixture("/leader", on: MemoryDisk(seed: 1))
            let member = try await fixture.start()
            try fixture.run(member)
            try fixture.put((1...20).map { "key\($0)" }, on: member)
            (index, term) = (member.parts.state.appliedIndex, member.parts.log.hardState.term)
            fixture.stop(member)
            database = try fixture.content(of: fixture.database)
        }
    }

    /// Restarts, and holds what is found against what must be.
    private func check(
        _ fixture: BootstrapFixture, _ leader: LeaderState, mustHave isReceived: Bool?,
        _ place: String
    ) async throws {
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        let applied = member.parts.state.appliedIndex
        #expect(applied == 2 || applied == leader.index, "\(place)")
        if let isReceived { #expect((applied == leader.index) == isReceived, "\(place)") }
        let value = try fixture.value(of: "key20", on: member)
        #expect(value == (applied == 2 ? nil : "key20"), "\(place)")
        #expect(member.parts.replica.lastIndex.rawValue == applied, "\(place)")
        #expect(member.parts.replica.canCampaign, "\(place)")
        let names = try fixture.disk.list(member.parts.snapshots.directory)
        #expect(!names.contains { $0.hasPrefix("tmp") }, "\(place): \(names)")
        try fixture.run(member)
        #expect(member.parts.state.appliedIndex == applied + 1, "\(place): it goes on")
    }

    @Test func aCrashBetweenAnyTwoStepsLeavesTheOldStateOrTheNew() async throws {
        let leader = try await LeaderState()
        let disk = MemoryDisk(seed: 1)
        let receipt = try await Receipt(BootstrapFixture("/follower", on: disk), leader: leader)
        for last in Step.allCases {
            try receipt.perform(last)
            for seed in 1...12 as ClosedRange<UInt64> {
                let crashed = try BootstrapFixture("/follower", on: disk.afterCrash(seed: seed))
                try await check(
                    crashed, leader, mustHave: last.rawValue >= Step.saveHardState.rawValue,
                    "after \(last), seed \(seed)")
            }
        }
    }

    @Test func theSameOnRealFiles() async throws {
        let leader = try await LeaderState()
        for last in Step.allCases {
            let receipt = try await Receipt(BootstrapFixture(), leader: leader)
            for step in Step.allCases where step.rawValue <= last.rawValue {
                try receipt.perform(step)
            }
            receipt.fixture.stop(receipt.member)
            try await check(
                receipt.fixture, leader, mustHave: last.rawValue >= Step.saveHardState.rawValue,
                "after \(last)")
        }
    }

    /// A step that never synchronizes may be kept in part.
    @Test func aCrashInsideAnyStepDoesTheSame() async throws {
        let leader = try await LeaderState()
        for step in Step.allCases {
            for operations in 0...2 {
                let disk = MemoryDisk(seed: UInt64(operations))
                let receipt = try await Receipt(
                    BootstrapFixture("/follower", on: disk), leader: leader)
                for before in Step.allCases where before.rawValue < step.rawValue {
                    try receipt.perform(before)
                }
                var faults = MemoryDiskFaults()
                faults.synchronizesBeforeFailure = operations
                disk.inject(faults)
                try? receipt.perform(step)
                disk.inject(MemoryDiskFaults())
                let crashed = try BootstrapFixture(
                    "/follower", on: disk.afterCrash(seed: UInt64(operations)))
                let isSure = step.rawValue > Step.saveHardState.rawValue ? true : nil
                try await check(
                    crashed, leader, mustHave: isSure, "in \(step), operation \(operations)")
            }
        }
    }

    @Test func theLogMayEndAtAnyByteOfTheNote() async throws {
        let leader = try await LeaderState()
        let receipt = try await Receipt(
            BootstrapFixture("/follower", on: MemoryDisk(seed: 3)), leader: leader)
        let fixture = receipt.fixture
        let names = try fixture.disk.list(fixture.log).filter { $0.hasSuffix(".wal") }
        let segment = fixture.log + "/" + (try #require(names.first))
        let start = try usedBytes(fixture.content(of: segment))
        for step in [Step.writeTemporary, .nameDatabase, .saveFile, .noteInLog, .saveHardState] {
            try receipt.perform(step)
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

    @Test func aCrashWhileTheDatabaseIsPutInPlaceIsMadeUpForAgain() async throws {
        let leader = try await LeaderState()
        for seed in 1...8 as ClosedRange<UInt64> {
            let disk = MemoryDisk(seed: seed)
            let receipt = try await Receipt(
                BootstrapFixture("/follower", on: disk), leader: leader)
            for step in Step.allCases.dropLast() { try receipt.perform(step) }
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
        let receipt = try await Receipt(BootstrapFixture(), leader: leader)
        let fixture = receipt.fixture
        for step in [Step.saveFile, .noteInLog, .saveHardState] { try receipt.perform(step) }
        fixture.stop(receipt.member)
        #expect(
            try await fixture.refusal()
                == "failed to recover v3 backend from snapshot: failed to find database snapshot "
                + "file (snap: snapshot file doesn't exist)")
        try fixture.replace(
            receipt.snapshots.databasePath(index: leader.index),
            with: fixture.content(of: fixture.database))
        #expect(
            try await fixture.refusal()?.hasSuffix(
                "the database has applied index 2 and does not match with snapshot "
                    + "(index \(leader.index))") == true)
    }

    @Test(arguments: ["damaged", "torn", "with users"])
    func aDatabaseThatCannotTakeThePlaceLeavesTheOldOne(kind: String) async throws {
        let leader = try await LeaderState()
        let receipt = try await Receipt(BootstrapFixture(), leader: leader)
        let fixture = receipt.fixture
        for step in Step.allCases.dropLast() { try receipt.perform(step) }
        fixture.stop(receipt.member)
        let received = receipt.snapshots.databasePath(index: leader.index)
        var content = leader.database
        switch kind {
        case "damaged": content[4096 + 50] ^= 1
        case "torn": content.removeLast(content.count - 3 * 4096)
        default: try fixture.edit("auth", "authEnabled", [1], at: received)
        }
        if kind != "with users" { try fixture.replace(received, with: content) }
        let before = try [fixture.database, received].map { try fixture.content(of: $0) }
        for _ in 0..<2 {
            let words = try #require(try await fixture.refusal())
            #expect(words.contains(received) && words.contains("does not take the place"))
            #expect(words.contains("authentication is enabled") == (kind == "with users"))
        }
        #expect(try [fixture.database, received].map { try fixture.content(of: $0) } == before)
        // Once the file is replaced by a good one, the member goes on.
        try fixture.replace(received, with: leader.database)
        try await check(fixture, leader, mustHave: true, "with a good one")
    }

    @Test func orphansGoAndWhatMayBeNeededStays() async throws {
        let leader = try await LeaderState()
        let receipt = try await Receipt(BootstrapFixture(), leader: leader)
        let fixture = receipt.fixture
        for step in Step.allCases { try receipt.perform(step) }
        fixture.stop(receipt.member)
        let (older, newer) = (leader.index - 1, leader.index + 7)
        let snapshots = receipt.snapshots
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

    @Test func aLostDatabaseComesFromTheReceivedOneOrFromTheWholeLog() async throws {
        let leader = try await LeaderState()
        let receipt = try await Receipt(BootstrapFixture(), leader: leader)
        let fixture = receipt.fixture
        for step in Step.allCases.dropLast() { try receipt.perform(step) }
        fixture.stop(receipt.member)
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
