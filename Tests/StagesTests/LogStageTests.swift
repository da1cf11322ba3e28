import Disk
import EtcdAPI
import Identifiers
import MonotonicClock
import Raft
import TestSupport
import Testing
import WriteAheadLog

@testable import Stages

/// The log stage, step by step on a simulated disk.
@Suite struct LogStageTests {
    private let disk = MemoryDisk(seed: 1)

    private func makeStage(
        unsynchronizedBytesMax: Int = 1 << 20
    ) throws -> LogStage {
        try disk.createDirectory("/snap", permissions: 0o700)
        let log = try WriteAheadLog.create(
            disk: disk, directory: "/wal",
            metadata: LogMetadata(nodeID: 1, clusterID: 2).encoded(),
            configuration: LogConfiguration(segmentSizeBytes: 64 << 10))
        var configuration = MemberConfiguration()
        configuration.unsynchronizedBytesMax = unsynchronizedBytesMax
        return LogStage(
            log: log, snapshots: SnapshotStore(disk: disk, directory: "/snap"),
            configuration: configuration)
    }

    private func write(_ number: UInt64, bytes: Int = 10, mustSynchronize: Bool = true) -> LogWrite
    {
        let entry = Entry(
            term: Term(1), index: LogIndex(number), data: [UInt8](repeating: 1, count: bytes))
        return LogWrite(
            number: WriteNumber(rawValue: number), entries: mustSynchronize ? [entry] : [],
            hardState: HardState(
                term: Term(1), vote: MemberID(1), commit: LogIndex(number - 1)),
            mustSynchronize: mustSynchronize)
    }

    /// Does all steps; returns the effects as text.
    private func run(_ stage: inout LogStage) throws -> [String] {
        var summary: [String] = []
        while let step = stage.nextStep {
            if case .synchronize = step { summary.append("synchronize") }
            var effects: [LogEffect] = []
            try stage.perform(step, into: &effects)
            for effect in effects {
                switch effect {
                case .commit(let entries): summary.append("commit \(entries.count)")
                case .written(let number, let isDeferrable):
                    summary.append("written \(number.rawValue)\(isDeferrable ? " deferred" : "")")
                case .snapshotSaved(let index): summary.append("snapshot \(index.rawValue)")
                case .prepareSegment: break
                }
            }
        }
        return summary
    }

    @Test("A batch shares one synchronization, and is reported after it")
    func shared() throws {
        var stage = try makeStage()
        var batch: [LogInput] = [
            .write(write(1), isSingleVoterCommit: false),
            .write(write(2), isSingleVoterCommit: false),
        ]
        stage.take(&batch)
        #expect(batch.isEmpty && !stage.isIdle)
        #expect(try run(&stage) == ["synchronize", "written 2"])
        #expect(stage.isIdle)
    }

    @Test("Entries of a single-voter commit are committed before its report")
    func singleVoterCommit() throws {
        var stage = try makeStage()
        var batch: [LogInput] = [
            .write(write(1), isSingleVoterCommit: true),
            .write(write(2), isSingleVoterCommit: true),
        ]
        stage.take(&batch)
        #expect(try run(&stage) == ["synchronize", "commit 2", "written 2 deferred"])
    }

    @Test("A long batch is made durable in parts")
    func parted() throws {
        var stage = try makeStage(unsynchronizedBytesMax: 1_000)
        var batch: [LogInput] = (1...3).map {
            .write(write($0, bytes: 800), isSingleVoterCommit: false)
        }
        stage.take(&batch)
        #expect(
            try run(&stage) == ["synchronize", "written 2", "synchronize", "written 3"])
    }

    @Test("A changed commit index costs no synchronization")
    func commitIndexAlone() throws {
        var stage = try makeStage()
        var batch: [LogInput] = [.write(write(1), isSingleVoterCommit: false)]
        stage.take(&batch)
        _ = try run(&stage)
        batch = [.write(write(2, mustSynchronize: false), isSingleVoterCommit: false)]
        stage.take(&batch)
        #expect(try run(&stage) == ["written 2 deferred"])
    }

    @Test("The start from a snapshot does not depend on the commit index written around it")
    func snapshotCounts() throws {
        var stage = try makeStage()
        var batch: [LogInput] = (1...3).map { .write(write($0), isSingleVoterCommit: true) }
        stage.take(&batch)
        _ = try run(&stage)
        // Entry 3 is committed by being durable; the log contains commit index 2 at most.
        batch = [
            .snapshot(LogSnapshotRecord(index: 3, term: 1)), .release(LogIndex(3)),
            .write(write(3, mustSynchronize: false), isSingleVoterCommit: true),
        ]
        stage.take(&batch)
        _ = try run(&stage)
        for seed in UInt64(1)...4 {
            disk.crash(seed: seed)
            let known = try WriteAheadLog.validSnapshots(disk: disk, directory: "/wal")
            #expect(known.last?.index == 3)
        }
    }

    @Test("A power failure before the synchronization loses only unreported writes")
    func powerFailure() throws {
        var stage = try makeStage()
        var batch: [LogInput] = [.write(write(1), isSingleVoterCommit: false)]
        stage.take(&batch)
        _ = try run(&stage)
        batch = [.write(write(2), isSingleVoterCommit: false)]
        stage.take(&batch)
        var effects: [LogEffect] = []
        try stage.perform(try #require(stage.nextStep), into: &effects)
        #expect(effects.isEmpty)
        disk.crash(seed: 7)
        _ = try WriteAheadLog.repair(disk: disk, directory: "/wal")
        let start = try #require(
            try WriteAheadLog.validSnapshots(disk: disk, directory: "/wal").last)
        let (_, contents) = try WriteAheadLog.open(disk: disk, directory: "/wal", from: start)
        #expect(contents.entries.first?.index == 1)
    }
}
