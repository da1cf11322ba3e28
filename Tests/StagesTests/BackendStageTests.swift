import Disk
import Glibc
import Identifiers
import MVCC
import MonotonicClock
import StateMachine
import TestSupport
import Testing
import WriteAheadLog

@testable import Stages

/// The backend stage, step by step.
@Suite struct BackendStageTests {
    private let disk = MemoryDisk(seed: 2)

    private func makeStage(
        _ state: StateMachine, _ configuration: MemberConfiguration = MemberConfiguration()
    ) throws -> BackendStage {
        try disk.createDirectory("/snap", permissions: 0o700)
        return BackendStage(
            state, snapshots: SnapshotStore(disk: disk, directory: "/snap"), snapshotCount: 10,
            snapshotIndex: 0, configuration: configuration, now: 0)
    }

    private func put(_ state: StateMachine, _ indexes: ClosedRange<UInt64>) throws {
        try state.applyBatch {
            for index in indexes {
                let entry = StageFixture.put(index, id: index)
                _ = try state.apply(
                    CommittedEntry(
                        index: LogIndex(index), term: 2, kind: .request, data: entry.data))
            }
        }
    }

    /// Writes 1.8 MB that `clear` deletes.
    private func fill(_ state: StateMachine) throws {
        let write = state.bolt.beginWrite()
        let bucket = try write.createBucketIfMissing([1])
        for number: UInt8 in 1...200 { try bucket.put([number], Array(repeating: 1, count: 9_000)) }
        try write.commit()
    }

    private func clear(_ state: StateMachine) throws {
        let write = state.bolt.beginWrite()
        try write.deleteBucket([1])
        try write.commit()
    }

    /// A stage that would return 1.8 MB of free pages, if the disk did not refuse.
    private func makeStageWithFreePages(
        on disk: MemoryDisk, holeError: Int32
    ) throws -> (StateMachine, BackendStage) {
        let state = try StageFixture.makeState(disk: disk)
        try fill(state)
        try clear(state)
        try state.bolt.commitAgain()
        var configuration = MemberConfiguration()
        configuration.freeBytesKept = 0
        let stage = try makeStage(state, configuration)
        var faults = MemoryDiskFaults()
        faults.holeError = holeError
        disk.inject(faults)
        return (state, stage)
    }

    /// Performs the steps that are due in a time, a millisecond each at most.
    private func run(
        _ stage: inout BackendStage, during milliseconds: Range<Int64>
    ) throws -> [BackendEffect] {
        var effects: [BackendEffect] = []
        for now in milliseconds.map({ MonotonicTime(milliseconds: $0) }) {
            guard let step = stage.takeStep(now: now) else { continue }
            try stage.perform(step, now: now, into: &effects)
            stage.performed(step, took: .microseconds(1), applied: 0, now: now)
        }
        return effects
    }

    /// Performs steps until `isDone` accepts one; false at the limit.
    private func run(
        _ stage: inout BackendStage, until isDone: (BackendStep) -> Bool
    ) throws -> Bool {
        var effects: [BackendEffect] = []
        for now in (0..<1_000).map({ MonotonicTime(milliseconds: $0) }) {
            guard let step = stage.takeStep(now: now) else { continue }
            try stage.perform(step, now: now, into: &effects)
            stage.performed(step, took: .microseconds(1), applied: 0, now: now)
            if isDone(step) { return true }
        }
        return false
    }

    @Test("A defragmentation waits for earlier compactions, and not for later ones")
    func defragmentation() throws {
        let state = try StageFixture.makeState()
        var stage = try makeStage(state)
        try put(state, 1...20)
        try state.store.persist()
        var effects: [BackendEffect] = []
        try state.store.scheduleCompaction(at: 5)
        stage.take(.compact(5), into: &effects)
        stage.take(.defragment { _ in }, into: &effects)
        try state.store.scheduleCompaction(at: 15)
        stage.take(.compact(15), into: &effects)
        let hasBegun = try run(&stage) { step in
            if case .beginDefragmentation = step { true } else { false }
        }
        #expect(hasBegun && state.store.finishedCompactionRevision == 5)
    }

    @Test("Freed pages are returned to the file system, also when nothing is written any more")
    func release() throws {
        let state = try StageFixture.makeState()
        try fill(state)
        var configuration = MemberConfiguration()
        configuration.freeBytesKept = 200_000
        configuration.pagesPerRelease = 10
        var stage = try makeStage(state, configuration)
        try clear(state)
        #expect(state.bolt.pendingFreeBytes > 1_800_000)
        var steps = 0
        let isDone = try run(&stage) { step in
            if case .releasePages = step { steps += 1 }
            return steps > 40 && state.bolt.heldFreeBytes <= 200_000
        }
        #expect(isDone && state.bolt.pendingFreeBytes < 20_000)
        let goesOn = try run(&stage) { step in
            if case .releasePages = step { true } else { false }
        }
        // The step that finds nothing more.
        #expect(goesOn)
        #expect(
            try !run(&stage) { step in if case .releasePages = step { true } else { false } })
    }

    @Test("After a failure the return of pages pauses, and goes on")
    func releaseFailed() throws {
        let disk = MemoryDisk(seed: 1)
        let (state, initial) = try makeStageWithFreePages(on: disk, holeError: EIO)
        var stage = initial
        let effects = try run(&stage, during: 0..<59_000)
        #expect(effects.count { if case .releaseFailed = $0 { true } else { false } } == 1)
        #expect(state.bolt.heldFreeBytes > 1_800_000)
        disk.inject(MemoryDiskFaults())
        _ = try run(&stage, during: 59_000..<70_000)
        #expect(state.bolt.heldFreeBytes < 200_000 && !state.bolt.endAwaitsCommit)
    }

    @Test("A file system without holes is asked once")
    func releaseRefused() throws {
        let (state, initial) = try makeStageWithFreePages(
            on: MemoryDisk(seed: 1), holeError: EOPNOTSUPP)
        var stage = initial
        let effects = try run(&stage, during: 0..<500)
        #expect(effects.count { if case .releaseFailed = $0 { true } else { false } } == 1)
        #expect(state.bolt.heldFreeBytes > 1_800_000)
    }
}
