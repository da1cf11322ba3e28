import Disk
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

    private func makeStage(_ state: StateMachine) throws -> BackendStage {
        try disk.createDirectory("/snap", permissions: 0o700)
        return BackendStage(
            state, snapshots: SnapshotStore(disk: disk, directory: "/snap"), snapshotCount: 10,
            snapshotIndex: 0, configuration: MemberConfiguration(), now: 0)
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
}
