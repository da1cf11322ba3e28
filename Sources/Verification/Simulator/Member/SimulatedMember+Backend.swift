import Bolt
import EtcdAPI
import Identifiers
import MVCC
import Membership
import MonotonicClock
import Raft
import Stages
import StateMachine
import WriteAheadLog

/// Runs the backend stage, one indivisible step at a time.
extension SimulatedMember {
    /// Longer pauses end with a tick instead of an event of their own.
    private static let restMax = 30 * TimeSpan.millisecond

    /// - Returns: how long it takes; nil if there is nothing to do for a while.
    func runBackend() throws -> TimeSpan? {
        var effects: [BackendEffect] = []
        for input in backendQueue.takeAll() { backend.take(input, into: &effects) }
        for effect in effects { try perform(effect) }
        guard let step = backend.takeStep(now: clockTime) else {
            if backendQueue.isDue { return .microsecond }
            let rest = backend.deadline - clockTime
            return rest > Self.restMax ? nil : max(rest, .millisecond)
        }
        let took = simulation.diskDelay(host, 10 * .microsecond...1 * .millisecond)
        try perform(step, took: took)
        return took
    }

    private func perform(_ step: BackendStep, took: TimeSpan) throws {
        try prepare(step)
        let bolt = state.bolt
        let (held, commit) = (bolt.heldFreeBytes, bolt.transactionNumber)
        let moves = bolt.endMoveCount
        let (size, length) = (bolt.sizeBytes, host.disk.fileSizeBytes(MemberDirectory.database))
        var effects: [BackendEffect] = []
        switch step {
        case .commitWriteBuffer: try commitWriteBuffer(into: &effects)
        case .replaceDatabase where simulation.mutant == .snapshotWithoutState: break
        default: try backend.perform(step, now: clockTime, into: &effects)
        }
        backend.performed(
            step, took: took, applied: status.applied,
            now: clockTime + .milliseconds(took.milliseconds))
        for effect in effects { try perform(effect) }
        switch step {
        case .releasePages, .freePages, .commitWriteBuffer:
            if bolt.sizeBytes < size { simulation.report.count(.endsLowered) }
            if let length, host.disk.fileSizeBytes(MemberDirectory.database) ?? 0 < length {
                simulation.report.count(.filesShortened)
            }
        default: break
        }
        if case .releasePages = step {
            if bolt.heldFreeBytes < held { simulation.report.count(.pagesReleased) }
            if bolt.endMoveCount > moves { simulation.report.count(.endsMoved) }
            if bolt.transactionNumber > commit { simulation.report.count(.commitsForFreePages) }
        }
        try complete(step)
    }

    private func perform(_ effect: BackendEffect) throws {
        switch effect {
        case .apply(let input):
            if case .installed(let fresh) = input { storeIndex = fresh.value.appliedIndex }
            post(input)
        case .recordSnapshot(let record): post(.snapshot(record))
        case .send(let snapshot): send(snapshot)
        case .ran(let work, let context): work(context.value)
        case .defragmented(let completion, let failure): completion(failure)
        case .snapshotBegins, .snapshotSaved: break
        case .purged: simulation.report.count(.purges)
        case .purgeFailed(let error): throw error
        case .releaseFailed(let error):
            guard host.hasDiskFault || host.isDiskInDoubt else { throw error }
        case .compacted:
            simulation.report.count(.compactions)
            if simulation.mutant == .compactsNewestDeletion { try forgetNewestDeletion() }
            if simulation.mutant == .compactionDropsKept { try dropOldestRecord() }
        }
    }

    private func send(_ snapshot: OutgoingSnapshot) {
        // Its receiver would be damaged as well, and checks only the pages that it reads.
        guard !host.hasDamagedPage else {
            snapshot.database.end()
            let target = snapshot.message.to
            return post(.replica(.snapshotSent(to: target, isDelivered: false)))
        }
        simulation.report.count(.snapshotsSent)
        simulation.send(
            snapshot.message, database: Self.image(of: snapshot.database), from: self)
        snapshot.database.end()
    }

    /// Before a step: planned crashes, and mutants.
    private func prepare(_ step: BackendStep) throws {
        switch step {
        case .takeWriteBuffer:
            isTakenWithKeys = takenRevision != state.store.newestRevision
            takenRevision = state.store.newestRevision
        case .replaceDatabase, .reloadState, .removeReceived:
            try crashIfPlanned(\.installationCrash, .crashesInInstallation)
        case .defragment:
            try crashIfPlanned(\.defragmentationCrash, .crashesInDefragmentation)
            if simulation.mutant == .storesIndexDefragmenting { try commitIndex(applied) }
        case .beginDefragmentation where simulation.mutant == .storesIndexDefragmenting:
            try commitIndex(applied)
        default: break
        }
    }

    private func complete(_ step: BackendStep) throws {
        switch step {
        case .saveSnapshot(let request):
            simulation.report.count(.snapshotsTaken)
            if !request.confState.votersOutgoing.isEmpty {
                simulation.report.count(.jointSnapshots)
            }
        case .publishWriteBuffer where simulation.mutant == .restartsLeaseClocks:
            restartLeaseClocks()
        case .compact:
            if isHeldUpByReader { simulation.report.count(.compactionsHeldUp) }
            guard backend.wasSliceOfIndex != nil else { return }
            try crashIfPlanned(\.compactionCrash, .crashesInCompaction)
        case .releasePages: try crashIfPlanned(\.compactionCrash, .crashesInRelease)
        case .beginDefragmentation:
            try crashIfPlanned(\.defragmentationCrash, .crashesInDefragmentation)
        default: break
        }
    }
}

/// Requests to the database.
extension SimulatedMember {
    private var isHeldUpByReader: Bool {
        let compacted = state.store.revisions.compacted
        return state.store.heldPins.contains { $0.revision < compacted }
    }

    func defragment() {
        let member = Confined(self)
        post(.defragment { member.value.defragmented($0) })
    }

    private func defragmented(_ failure: String?) {
        if let failure {
            guard !host.hasDiskFault, !host.isDiskInDoubt, !host.hasDamagedPage else {
                return host.isDiskInDoubt = true
            }
            return fail(SimulationFailure("host \(host.number): \(failure)"))
        }
        simulation.report.count(.defragmentations)
    }

    /// A client takes a snapshot of this member, of everything applied so far.
    func takeSnapshotForClient() {
        guard !host.hasDamagedPage else { return }
        let (member, least) = (Confined(self), status.applied)
        guard simulation.mutant != .snapshotBeforePersisting else {
            return sendDatabase(state.bolt, atLeast: least)
        }
        post(.work { member.value.sendDatabase($0.bolt, atLeast: least) })
    }

    private func sendDatabase(_ bolt: Bolt, atLeast index: LogIndex) {
        guard !host.hasDamagedPage else { return }
        let reading = bolt.beginRead()
        defer { reading.end() }
        do {
            let named = try ConsistentIndex(from: reading).index
            guard named >= index else {
                throw SimulationFailure(
                    "host \(host.number) has applied entry \(index), and gives a snapshot of "
                        + "entry \(named)")
            }
            try simulation.restore(Self.image(of: reading), at: named, from: host)
        } catch {
            fail(error)
        }
    }

    /// The whole file as a read transaction sees it.
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
}

/// Mutants.
extension SimulatedMember {
    private func commitWriteBuffer(into effects: inout [BackendEffect]) throws {
        let former = try storedIndex
        let mutant = simulation.mutant
        if mutant == .indexBeforeData {
            try commitIndex(applied)
            if simulation.timing.happens(100_000) { throw MutantStop() }
        }
        try backend.perform(.commitWriteBuffer, now: clockTime, into: &effects)
        guard try former != storedIndex else { return }
        if mutant == .indexOnlyWithKeys, !isTakenWithKeys { try commitIndex(former) }
        guard mutant == .indexAfterData else { return }
        let index = try storedIndex
        try commitIndex(former)
        if simulation.timing.happens(100_000) { throw MutantStop() }
        try commitIndex(index)
    }

    /// The applied index in the database.
    private var storedIndex: LogIndex {
        get throws {
            let reading = state.bolt.beginRead()
            defer { reading.end() }
            return try ConsistentIndex(from: reading).index
        }
    }

    private func commitIndex(_ index: LogIndex) throws {
        let transaction = state.bolt.beginWrite()
        let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
        try meta.put(StoreBucket.consistentIndex, StoreBucket.bigEndian(index.rawValue))
        try transaction.commit()
    }

    /// The deletion at the revision of a compaction is removed along with the rest.
    private func forgetNewestDeletion() throws {
        let transaction = state.bolt.beginWrite()
        let records = try transaction.createBucketIfMissing(StoreBucket.key)
        let revision = RevisionPair(main: state.store.revisions.compacted, sub: 0)
        _ = try records.delete(RevisionKey(revision, isTombstone: true).encoded)
        try transaction.commit()
    }

    private func dropOldestRecord() throws {
        let transaction = state.bolt.beginWrite()
        let bucket = try transaction.createBucketIfMissing(StoreBucket.key)
        let reading = state.bolt.beginRead()
        defer { reading.end() }
        var cursor = try reading.bucket(StoreBucket.key)?.cursor()
        if let (key, _) = try cursor?.first() { try bucket.delete(Array(key)) }
        try transaction.commit()
    }
}

/// A mutant stops its member at the worst moment.
struct MutantStop: Error {}
