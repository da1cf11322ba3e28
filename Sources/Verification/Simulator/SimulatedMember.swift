import Bolt
import Disk
import EtcdAPI
import MVCC
import Membership
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// One member between a start and the next crash: the production parts and the effects that are
/// not performed yet. Each function performs one of them, so that a crash can come in between.
final class SimulatedMember {
    var replica: Replica
    let state: StateMachine
    let log: WriteAheadLog
    let bolt: Bolt
    private let snapshots: SnapshotStore
    private var effects = ReplicaEffects()
    private(set) var unwritten: [LogWrite] = []
    private(set) var unsynchronized: WriteNumber?
    private(set) var unapplied: [Entry] = []
    private var progress: ApplyProgress
    private var unsaved: SnapshotRequest?

    /// What the clients hear: applied proposals, reads that may be served, refused proposals.
    var answers: [(id: UInt64, outcome: ApplyOutcome)] = []
    var readable: [ReadableAt] = []
    var dropped: [UInt64] = []

    init(
        replica: Replica, state: StateMachine, log: WriteAheadLog, bolt: Bolt,
        snapshots: SnapshotStore
    ) {
        self.replica = replica
        self.state = state
        self.log = log
        self.bolt = bolt
        self.snapshots = snapshots
        progress = ApplyProgress(index: state.appliedIndex)
    }

    deinit {
        bolt.close()
    }

    /// Gives the replica an input and queues what it wants done.
    func step(_ input: ReplicaInput) throws {
        effects.removeAll()
        try replica.step(input, into: &effects)
        replica.takeEffects(into: &effects)
        unwritten += effects.writes
        unapplied += effects.committed
        readable += effects.readable
        dropped += effects.refused.map(\.id) + effects.unreadable
        if let index = effects.releasedLog {
            log.releaseSegments(upTo: index.rawValue)
            _ = try log.purge(keeping: 2)
        }
    }

    // MARK: Effects, one at a time

    func writeNext() throws {
        guard !unwritten.isEmpty else { return }
        let write = unwritten.removeFirst()
        try log.append(
            entries: write.entries.map { RaftEntry($0) },
            hardState: write.hardState.map { RaftHardState($0) })
        unsynchronized = write.number
    }

    func synchronize() throws {
        guard let number = unsynchronized else { return }
        unsynchronized = nil
        if log.needsSynchronize { try log.synchronize() }
        try step(.written(number))
    }

    func applyNext(count: Int) throws {
        let group = unapplied.prefix(count)
        guard !group.isEmpty else { return }
        unapplied.removeFirst(group.count)
        try state.applyBatch {
            for entry in group {
                let applied = try state.apply(
                    CommittedEntry(
                        index: entry.index.rawValue, term: entry.term.rawValue,
                        kind: entry.type == .normal ? .request : .memberChange,
                        data: entry.data))
                progress.index = entry.index.rawValue
                if let change = applied.change { progress.configurationChanges.append(change) }
                if applied.id != 0 { answers.append((applied.id, applied.outcome)) }
            }
        }
        let reported = progress
        progress.configurationChanges.removeAll()
        try step(.applied(reported))
    }

    func persist() throws {
        if state.store.hasPending { try state.store.persist() }
    }

    func compact() throws {
        _ = try state.store.compactionStep()
    }

    /// The state first, then the file, then the note in the log, each in a step of its own.
    func takeSnapshot() throws {
        if let request = unsaved {
            unsaved = nil
            try log.saveSnapshot(
                LogSnapshotRecord(
                    index: request.index, term: request.term, confState: request.confState))
            return try step(.snapshotSaved(LogIndex(request.index)))
        }
        guard replica.takeSnapshotRequest() != nil else { return }
        let request = state.snapshotRequest()
        try persist()
        let metadata = RaftSnapshotMetadata(
            confState: request.confState, index: request.index, term: request.term)
        try snapshots.save(RaftSnapshot(data: request.legacyTree, metadata: metadata))
        _ = try snapshots.purge(keeping: 2)
        unsaved = request
    }
}
