import Disk
import EtcdAPI
import Linearizability
import MVCC
import Raft
import Replica

/// Runs one member on one thread, under clients and crashes that follow from the seed, and judges
/// what its clients saw.
///
/// Judged: the history of all operations is linearizable with exact revisions, so nothing
/// acknowledged is lost and no revision is given twice; after each start the database is sound and
/// hashes of revisions known before come out the same; the member gets a leader again.
///
/// - Parameter steps: chances to do one thing; about a tenth of them become client operations.
package func simulate(seed: UInt64, steps: Int) -> SimulationReport {
    var simulation = Simulation(seed: seed)
    do {
        try simulation.run(steps: steps)
    } catch {
        simulation.report.failures.append("\(error)")
    }
    return simulation.report
}

/// A run under way.
private struct Simulation {
    var report: SimulationReport
    private var generator: SeededGenerator
    private var load = ClientLoad()
    private var member: SimulatedMember?
    private var disk: SimulatedDisk?
    /// The part of the history since the last start, and the state it began from.
    private var calls: [StoreCall] = []
    private var judged = StoreModel.State()
    private var open: [UInt64: OpenCall] = [:]
    private var waitingReads: [(index: UInt64, ticket: UInt64)] = []
    private var nextID: UInt64 = 1
    private var clock = 0
    private var hashes: [KeyValueHash] = []

    private struct OpenCall {
        let operation: StoreOperation
        let calledAt: Int
    }

    private static let clients = 5

    init(seed: UInt64) {
        report = SimulationReport(seed: seed)
        generator = SeededGenerator(seed: seed)
    }

    mutating func run(steps: Int) throws {
        let disk = try SimulatedDisk(seed: report.seed)
        self.disk = disk
        member = try disk.found(seed: generator.next())
        try settle()
        for _ in 0..<steps {
            report.steps += 1
            do {
                try act()
            } catch {
                // A failed fsync ends the member; anything else is a finding.
                guard report.diskFailures > 0, "\(error)".contains("fdatasync") else { throw error }
                try crash()
            }
        }
        try crash()
    }

    // MARK: Steps

    private mutating func act() throws {
        guard let member else { return }
        switch Int.random(in: 0..<1000, using: &generator) {
        case 0..<150: try callSomething()
        case 150..<350: try member.writeNext()
        case 350..<600: try member.synchronize()
        case 600..<850:
            try member.applyNext(count: Int.random(in: 1...4, using: &generator))
        case 850..<900: try member.persist()
        case 900..<930: try member.step(.tick)
        case 930..<950: try member.compact()
        case 950..<970: try member.takeSnapshot()
        case 970..<980: try proposeCompaction()
        case 980..<985: planDiskFailure()
        case 985..<992: try crash()
        default: try rememberHash()
        }
        try answerClients()
    }

    private mutating func callSomething() throws {
        guard let member, open.count < Self.clients else { return }
        let operation = load.next(&generator)
        let id = takeID()
        open[id] = OpenCall(operation: operation, calledAt: tick())
        guard operation.isProposed else { return try member.step(.read(id)) }
        try propose(id, operation.payload)
    }

    private mutating func propose(_ id: UInt64, _ payload: (field: UInt32, bytes: [UInt8])) throws {
        let data = payload.bytes.withUnsafeBytes { bytes in
            InternalRaftRequest.wrap(id: id, field: payload.field, payload: bytes)
        }
        try member?.step(.propose([NumberedProposal(id: id, data: data)]))
    }

    private mutating func proposeCompaction() throws {
        guard let member else { return }
        let revisions = member.state.store.revisions
        let lowest = max(revisions.compacted + 1, 1)
        guard lowest < revisions.current else { return }
        let revision = Int64.random(in: lowest..<revisions.current, using: &generator)
        let request = CompactionRequest(revision: revision)
        try propose(takeID(), (InternalRaftRequest.Field.compaction, request.encoded()))
    }

    private mutating func planDiskFailure() {
        var faults = MemoryDiskFaults()
        faults.synchronizesBeforeFailure = Int.random(in: 0..<3, using: &generator)
        disk?.disk.inject(faults)
        report.diskFailures += 1
    }

    // MARK: Answers

    private mutating func answerClients() throws {
        guard let member else { return }
        for (id, outcome) in member.answers {
            guard let call = open.removeValue(forKey: id) else { continue }
            answer(call, try StoreOutcome(outcome))
        }
        member.answers.removeAll()
        for id in member.dropped { open[id] = nil }
        member.dropped.removeAll()
        for ready in member.readable {
            waitingReads += ready.tickets.map { (ready.index, $0) }
        }
        member.readable.removeAll()
        try serveReads(member)
    }

    private mutating func serveReads(_ member: SimulatedMember) throws {
        let applied = member.state.appliedIndex
        for (index, ticket) in waitingReads where index <= applied {
            guard let call = open.removeValue(forKey: ticket) else { continue }
            guard case .range(let key, let end) = call.operation else { continue }
            var found = RangeAnswer()
            let request = StoreOperation.rangeRequest(key, end)
            guard case .complete(let revision) = try member.state.store.range(request, into: &found)
            else { throw SimulationFailure("a small range is answered whole") }
            answer(call, StoreOutcome(revision: revision, try StoreResult(found)))
        }
        waitingReads.removeAll { $0.index <= applied }
    }

    private mutating func answer(_ call: OpenCall, _ outcome: StoreOutcome) {
        report.answered += 1
        calls.append(
            StoreCall(
                client: 0, operation: call.operation, calledAt: call.calledAt, outcome: outcome,
                returnedAt: tick()))
    }

    // MARK: Crashes

    /// The process and the machine die; the member starts from what the disk has kept.
    private mutating func crash() throws {
        guard let disk else { return }
        report.crashes += 1
        disk.disk.inject(MemoryDiskFaults())
        for (_, call) in open.sorted(by: { $0.key < $1.key }) where call.operation.isProposed {
            report.unanswered += 1
            calls.append(
                StoreCall(client: 0, operation: call.operation, calledAt: call.calledAt))
        }
        open.removeAll()
        waitingReads.removeAll()
        disk.disk.crash(seed: generator.next())
        member = nil
        member = try disk.restart(seed: generator.next())
        try settle()
        try compareHashes()
        try judge()
    }

    /// Does everything there is to do until there is a leader and nothing is left.
    private mutating func settle() throws {
        guard let member else { return }
        for _ in 0..<1_000 {
            let isQuiet =
                member.unwritten.isEmpty && member.unsynchronized == nil
                && member.unapplied.isEmpty
            if isQuiet, member.replica.hasLeader { return try answerClients() }
            try member.writeNext()
            try member.synchronize()
            try member.applyNext(count: 64)
            if isQuiet { try member.step(.tick) }
        }
        throw SimulationFailure("no leader within a thousand ticks")
    }

    // MARK: Judging

    private mutating func rememberHash() throws {
        guard let member else { return }
        hashes.append(try member.state.store.hashKV(at: 0).hash)
    }

    private mutating func compareHashes() throws {
        guard let store = member?.state.store else { return }
        let compacted = store.revisions.compacted
        for expected in hashes where expected.revision > compacted {
            guard expected.revision <= store.revisions.current else {
                throw SimulationFailure("revision \(expected.revision) is lost")
            }
            let hash = try store.hashKV(at: expected.revision).hash
            guard hash.compactRevision == expected.compactRevision else { continue }
            report.hashesCompared += 1
            if hash != expected {
                throw SimulationFailure("hash \(expected) has become \(hash)")
            }
        }
        hashes = hashes.suffix(8)
    }

    /// Judges what came since the last start, and begins anew from the state as it is.
    ///
    /// A lone member that has settled after a start has carried out all that it ever will of the
    /// calls that went unanswered before. So reading everything then closes them, and the next
    /// part of the history is judged from a known state.
    private mutating func judge() throws {
        guard let store = member?.state.store else { return }
        var found = RangeAnswer()
        let operation = StoreOperation.range(key: "a", end: "z")
        let calledAt = tick()
        guard
            case .complete(let revision) = try store.range(
                StoreOperation.rangeRequest("a", "z"), into: &found)
        else { throw SimulationFailure("a small range is answered whole") }
        let result = try StoreResult(found)
        calls.append(
            StoreCall(
                client: 0, operation: operation, calledAt: calledAt,
                outcome: StoreOutcome(revision: revision, result), returnedAt: tick()))
        let history = StoreHistory(calls)
        let verdict = history.check(from: judged, stepsMax: 2_000_000)
        guard verdict == .linearizable else {
            throw SimulationFailure(history.describe(verdict))
        }
        guard case .range(let pairs) = result else { return }
        judged = StoreModel.State(revision: revision, pairs: pairs)
        calls.removeAll(keepingCapacity: true)
        report.revision = revision
    }

    private mutating func tick() -> Int {
        clock += 1
        return clock
    }

    private mutating func takeID() -> UInt64 {
        nextID += 1
        return nextID
    }
}
