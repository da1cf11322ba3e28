import Bolt
import EtcdAPI
import MVCC
import StateMachine

/// What reaches the backend thread.
enum BackendMessage: Sendable {
    /// Write the overlay soon: it has become long.
    case persist
    /// Remove what is superseded at this revision.
    case compact(Int64)
    /// A snapshot of the replicated state is due.
    case snapshot(SnapshotRequest)
    /// Run this after the overlay as it is now has been written.
    case work(BackendWork)
}

/// Work on the database file, on the thread that owns it.
package typealias BackendWork = @Sendable (BackendContext) -> Void

/// What backend work may use.
package struct BackendContext {
    package let store: Store
    package let bolt: Bolt
}

/// The only writer of the database file. Nobody waits for it but those who ask for its work.
///
/// Owned by its thread: write transactions, the running compaction. A failure to write stops the
/// member; the log still holds everything.
final class BackendThread {
    private let runtime: ReplicaRuntime
    private let state: StateMachine
    private var batch: [BackendMessage] = []
    private var nextPersist: Int64
    private var compaction: Int64?
    private var nextCompactionStep: Int64 = 0

    init(runtime: ReplicaRuntime, state: StateMachine) {
        self.runtime = runtime
        self.state = state
        nextPersist = monotonicMilliseconds() + runtime.configuration.persistMilliseconds
        compaction = state.store.unfinishedCompaction
    }

    /// The thread's body; writes what is left before it ends.
    func run() {
        do {
            while runtime.backend.take(into: &batch, until: deadline) {
                for message in batch { try handle(message) }
                try persistIfDue()
                try compactIfDue()
            }
            try persist()
        } catch {
            runtime.fail("the database cannot be written: \(error)")
        }
    }

    private var deadline: Int64 {
        compaction == nil ? nextPersist : min(nextPersist, nextCompactionStep)
    }

    private func handle(_ message: BackendMessage) throws {
        switch message {
        case .persist: try persist()
        case .compact(let revision):
            try persist()
            compaction = max(compaction ?? revision, revision)
        case .snapshot(let request):
            try persist()
            try runtime.saveSnapshot(request)
        case .work(let work):
            try persist()
            work(BackendContext(store: state.store, bolt: state.bolt))
        }
    }

    private func persistIfDue() throws {
        guard monotonicMilliseconds() >= nextPersist else { return }
        try persist()
    }

    private func persist() throws {
        nextPersist = monotonicMilliseconds() + runtime.configuration.persistMilliseconds
        guard let pending = state.takePending() else { return }
        let started = monotonicNanoseconds()
        try state.persist(pending)
        runtime.observer.persisted(nanoseconds: monotonicNanoseconds() - started)
        runtime.notePersisted()
    }

    /// One slice of the compaction, then a pause, so that it never takes the disk for long.
    private func compactIfDue() throws {
        guard let revision = compaction, monotonicMilliseconds() >= nextCompactionStep else {
            return
        }
        let isDone = try state.store.compactionStep(
            limit: runtime.configuration.compactionBatchLimit)
        nextCompactionStep =
            monotonicMilliseconds() + runtime.configuration.compactionPauseMilliseconds
        if isDone {
            compaction = nil
            try persist()
            runtime.apply.post(.compacted(revision: revision))
            runtime.observer.compacted(revision: revision)
        }
    }
}
