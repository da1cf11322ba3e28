import Bolt
import EtcdAPI
import Membership
import MVCC
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// The backend lane: the only writer of the database file, one indivisible step at a time.
extension SimulatedMember {
    func workOnBackend() throws -> Nanoseconds? {
        if backendSteps.isEmpty { planBackend() }
        guard !backendSteps.isEmpty else { return nil }
        try perform(backendSteps.removeFirst())
        return simulation.diskDelay(host, 10 * .microsecond...1 * .millisecond)
    }

    /// Finds what is due when nobody has asked for anything.
    private func planBackend() {
        if milliseconds >= nextPersist, state.store.hasPending {
            nextPersist = milliseconds + 100
            backendSteps = BackendStep.persist
        } else if isCompacting, milliseconds >= nextCompactionStep {
            backendSteps = [.compact]
        } else if isDefragmenting {
            backendSteps = [.defragment]
        }
    }

    /// Whether something is due that nobody asks for.
    var isBackendDue: Bool {
        isCompacting || isDefragmenting || (milliseconds >= nextPersist && state.store.hasPending)
    }

    private func perform(_ step: BackendStep) throws {
        switch step {
        case .takeOverlay: overlay = state.store.takePending()
        case .commitOverlay: try commitOverlay()
        case .publishOverlay:
            if let overlay { state.store.publishPersisted(overlay) }
            overlay = nil
        case .saveSnapshot(let request): try save(request)
        case .noteSnapshot(let request):
            logInputs.append(.snapshot(request))
            wake(.log)
        case .purgeSnapshots: _ = try snapshots.purge(keeping: 2)
        case .send(let message): try send(message)
        case .tellDatabase(let index): try tellDatabase(atLeast: index)
        case .replaceDatabase(let snapshot):
            try endInInstallation()
            guard simulation.mutant != .snapshotWithoutState else { return }
            let path = snapshots.databasePath(index: snapshot.index.rawValue)
            try state.requireServable(databaseAt: path, through: snapshot.index.rawValue)
            try state.bolt.replace(byFileAt: path)
        case .reloadState(let snapshot):
            try endInInstallation()
            received = try state.reload(through: snapshot.index.rawValue)
            isCompacting = true
            try adopt(snapshot)
        case .removeReceived(let index):
            try endInInstallation()
            _ = try snapshots.purge(keeping: 2)
            _ = try snapshots.removeDatabases(olderThan: index)
        case .compact: try compact()
        case .defragment: try defragment()
        }
    }

    private func endInInstallation() throws {
        try endIfPlanned(\.installationCrash, .crashesInInstallation)
    }

    private func commitOverlay() throws {
        guard let overlay, !overlay.isEmpty else { return }
        switch simulation.mutant {
        case .indexAfterData, .indexBeforeData: return try commitApart(overlay)
        default: break
        }
        let keepsIndex = simulation.mutant == .indexOnlyWithKeys && overlay.recordCount == 0
        let former = keepsIndex ? storedIndex : nil
        let transaction = state.bolt.beginWrite()
        do {
            try state.store.write(overlay, to: transaction)
            if let former { try writeIndex(former, transaction) }
        } catch {
            transaction.rollback()
            throw error
        }
        try transaction.commit()
    }

    /// A mutant stores applied index and data in two transactions, between which the member may end.
    private func commitApart(_ overlay: PendingBatch) throws {
        let former = storedIndex
        let isFirst = simulation.mutant == .indexBeforeData
        if isFirst {
            try commitIndex(progress.index)
            if simulation.timing.happens(100_000) { throw MutantEnd() }
        }
        let transaction = state.bolt.beginWrite()
        try state.store.write(overlay, to: transaction)
        try writeIndex(former, transaction)
        try transaction.commit()
        if !isFirst, simulation.timing.happens(100_000) { throw MutantEnd() }
        try commitIndex(progress.index)
    }

    /// How far the database says that the log is applied.
    private var storedIndex: UInt64 {
        let reading = state.bolt.beginRead()
        defer { reading.end() }
        return AppliedMark(from: reading).index
    }

    private func commitIndex(_ index: UInt64) throws {
        let transaction = state.bolt.beginWrite()
        try writeIndex(index, transaction)
        try transaction.commit()
    }

    private func writeIndex(_ index: UInt64, _ transaction: BoltWriteTransaction) throws {
        let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
        try meta.put(StoreBucket.consistentIndex, StoreBucket.bigEndian(index))
    }

    /// A mutant removes the deletion at the revision of a compaction along with the rest.
    private func forgetNewestDeletion() throws {
        let transaction = state.bolt.beginWrite()
        let records = try transaction.createBucketIfMissing(StoreBucket.key)
        let revision = Revision(main: state.store.revisions.compacted, sub: 0)
        _ = try records.delete(RevisionKey(revision, isTombstone: true).encoded)
        try transaction.commit()
    }

    private func save(_ request: SnapshotRequest) throws {
        let metadata = RaftSnapshotMetadata(
            confState: request.confState, index: request.index, term: request.term)
        try snapshots.save(RaftSnapshot(data: request.legacyTree, metadata: metadata))
        simulation.report.count(.snapshotsTaken)
        if !request.confState.votersOutgoing.isEmpty { simulation.report.count(.jointSnapshots) }
    }

    /// Fills a snapshot message with a state that is at its index or later, all from one view of
    /// the database.
    private func send(_ message: Message) throws {
        let reading = state.bolt.beginRead()
        defer { reading.end() }
        var message = message
        message.snapshot = Snapshot(
            SnapshotRequest(
                from: reading, identity: state.membership,
                unnoted: RaftConfState(message.snapshot?.confState ?? ConfState())))
        simulation.report.count(.snapshotsSent)
        simulation.send(message, database: Self.image(of: reading), from: self)
    }

    /// The whole file as a reader sees it.
    private static func image(of reading: BoltReadTransaction) -> [UInt8] {
        var image = [UInt8](repeating: 0, count: reading.sizeBytes)
        image.withUnsafeMutableBytes { memory in
            var offset = 0
            while offset < memory.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: memory[offset...])
                let count = reading.readPages(at: offset, into: rest)
                guard count > 0 else { return }
                offset += count
            }
        }
        return image
    }

    /// A client takes a snapshot of this member: of all that is applied by now.
    func takeSnapshotForClient() {
        let first = simulation.mutant == .snapshotBeforePersisting ? [] : BackendStep.persist
        post(first + [.tellDatabase(atLeast: progress.index)])
    }

    private func tellDatabase(atLeast index: UInt64) throws {
        let reading = state.bolt.beginRead()
        defer { reading.end() }
        let named = AppliedMark(from: reading).index
        guard named >= index else {
            throw SimulationFailure(
                "host \(host.number) has applied entry \(index), and gives a snapshot of entry "
                    + "\(named)")
        }
        try simulation.restore(Self.image(of: reading), at: named, from: host)
    }

    private func compact() throws {
        switch try state.store.compactionStep() {
        case .idle: return isCompacting = false
        case .waiting: return nextCompactionStep = milliseconds + 10
        case .indexed: break
        case .removed: nextCompactionStep = milliseconds + 10
        case .finished:
            simulation.report.count(.compactions)
            if simulation.mutant == .compactsNewestDeletion { try forgetNewestDeletion() }
            if simulation.mutant == .compactionDropsKept { try dropOldestRecord() }
        }
        try endIfPlanned(\.compactionCrash, .crashesInCompaction)
    }

    private func dropOldestRecord() throws {
        let transaction = state.bolt.beginWrite()
        let bucket = try transaction.createBucketIfMissing(Array("key".utf8))
        let reading = state.bolt.beginRead()
        defer { reading.end() }
        var cursor = reading.bucket(Array("key".utf8))?.cursor()
        if let (key, _) = cursor?.first() { try bucket.delete(Array(key)) }
        try transaction.commit()
    }

    private func defragment() throws {
        guard let running = defragmentation else {
            if simulation.mutant == .storesIndexDefragmenting { try commitIndex(progress.index) }
            defragmentation = try state.store.beginDefragmentation()
            return try endIfPlanned(\.defragmentationCrash, .crashesInDefragmentation)
        }
        try endIfPlanned(\.defragmentationCrash, .crashesInDefragmentation)
        guard try state.store.defragmentationStep(running) else { return }
        defragmentation = nil
        isDefragmenting = false
        simulation.report.count(.defragmentations)
    }
}

/// A mutant's member ends at the worst moment.
struct MutantEnd: Error {}
