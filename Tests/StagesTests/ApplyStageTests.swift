import EtcdAPI
import Identifiers
import MonotonicClock
import Raft
import StateMachine
import TestSupport
import Testing

@testable import Stages

/// The apply stage, run by run.
@Suite struct ApplyStageTests {
    private let receiver = CollectingReceiver()
    private let observer = NoObserver()

    private func makeStage(
        snapshotCount: Int = 1000, _ change: (inout MemberConfiguration) -> Void = { _ in }
    ) throws -> ApplyStage {
        var configuration = MemberConfiguration()
        change(&configuration)
        return ApplyStage(
            try StageFixture.makeState(), id: MemberID(1), snapshotIndex: 0,
            snapshotCount: snapshotCount, configuration: configuration, now: 0)
    }

    @Test("The clocks of leases start with the first entry of the leader's own term")
    func clocksStartWithTheTerm() throws {
        var stage = try makeStage()
        _ = try run(&stage, [.role(isLeader: true, term: 2)])
        #expect(!stage.state.lessor.isPrimary)
        _ = try run(&stage, [.entries([StageFixture.put(1, id: 1)])])
        #expect(stage.state.lessor.isPrimary && stage.promotedTerm == 2)
        _ = try run(&stage, [.role(isLeader: false, term: 3)])
        #expect(!stage.state.lessor.isPrimary)
    }

    /// The indexes of the snapshots that these effects request.
    private func snapshots(_ effects: [ApplyEffect]) -> [LogIndex] {
        effects.compactMap { effect in
            if case .backend(.snapshot(let request)) = effect { request.index } else { nil }
        }
    }

    @Test("A snapshot is due at the entry after the count, whether or not the last one is durable")
    func snapshotsAreDueByEntries() throws {
        var stage = try makeStage(snapshotCount: 10)
        var taken: [LogIndex] = []
        for index in UInt64(1)...40 {
            taken += snapshots(
                try run(&stage, [.entries([StageFixture.put(index, id: index)])]))
        }
        #expect(taken == [11, 22, 33])
    }

    @Test("Unsaved snapshots are bounded")
    func unsavedSnapshotsAreBounded() throws {
        var stage = try makeStage(snapshotCount: 1)
        var taken: [LogIndex] = []
        for index in UInt64(1)...40 {
            taken += snapshots(
                try run(&stage, [.entries([StageFixture.put(index, id: index)])]))
        }
        #expect(taken == [2, 4, 6, 8, 10, 12, 14, 16])
        let more = try run(&stage, [.snapshotSaved, .entries([StageFixture.put(41, id: 41)])])
        #expect(snapshots(more) == [41])
    }

    private func run(
        _ stage: inout ApplyStage, _ inputs: [ApplyInput], now: MonotonicTime = 10
    ) throws -> [ApplyEffect] {
        var effects: [ApplyEffect] = []
        try stage.run(
            inputs, ApplyContext(now: now, allowsLongWork: true), isConnected: { _ in true },
            observer: observer, into: &effects)
        for case .deliverCompletions in effects { stage.completions.deliver() }
        return effects
    }

    private func register(_ ids: [UInt64]) -> ApplyInput {
        .register(
            ids.map { Registration(id: $0, address: receiver.address($0)) },
            ProposalBatch(
                number: 0, deadline: 7000, sent: SentProposals(term: 2, leader: MemberID(1))))
    }

    @Test("Readers see an entry before its proposal completes")
    func order() throws {
        var stage = try makeStage()
        let effects = try run(&stage, [register([1]), .entries([StageFixture.put(1, id: 1)])])
        let applied = effects.firstIndex { if case .applied = $0 { true } else { false } }
        let completed = effects.firstIndex {
            if case .deliverCompletions = $0 { true } else { false }
        }
        #expect(try #require(applied) < #require(completed))
        #expect(receiver.takeAll().map(\.summary) == ["1 applied"])
    }

    @Test("Responses are built for those who wait")
    func unawaitedResponses() throws {
        let entries = (1...4).map { StageFixture.put($0, id: $0) }
        var stage = try makeStage()
        _ = try run(&stage, [register([2, 4]), .entries(entries)])
        #expect(receiver.takeAll().map(\.summary) == ["2 applied", "4 applied"])
        #expect(observer.omitted == [1, 3] && stage.pendingProposals == 0)
        stage = try makeStage { $0.buildsUnawaitedResponses = true }
        _ = try run(&stage, [register([2]), .entries(entries)])
        #expect(receiver.takeAll().map(\.summary) == ["2 applied"])
        #expect(observer.omitted == [1, 3])
    }

    @Test("A long batch is applied group by group if the run is limited")
    func groups() throws {
        var stage = try makeStage {
            $0.entriesPerGroup = 2
            $0.groupsPerRun = 1
        }
        let entries = (1...5).map { StageFixture.put($0, id: $0) }
        _ = try run(&stage, [register([1, 2, 3, 4, 5]), .entries(entries)])
        #expect(stage.appliedIndex == 2 && stage.hasWork)
        #expect(receiver.takeAll().isEmpty, "completions are delivered with the last group")
        _ = try run(&stage, [])
        _ = try run(&stage, [])
        #expect(stage.appliedIndex == 5 && !stage.hasWork)
        #expect(receiver.takeAll().count == 5)
    }

    @Test("Entries wait for the database, and everything else continues")
    func writeBuffer() throws {
        var stage = try makeStage { $0.writeBufferBytesMax = 1_000 }
        var effects = try run(
            &stage, [register([1, 2]), .entries([StageFixture.put(1, id: 1, bytes: 2_000)])])
        let isAwaited = effects.contains {
            if case .backend(.persist(isAwaited: true)) = $0 { true } else { false }
        }
        #expect(isAwaited && stage.isBlocked)
        _ = receiver.takeAll()
        effects = try run(
            &stage,
            [.entries([StageFixture.put(2, id: 2)]), .readable(index: 1, [receiver.address(7)])])
        #expect(stage.appliedIndex == 1)
        #expect(receiver.takeAll().map(\.summary) == ["7 readable"])
        try stage.state.store.persist()
        _ = try run(&stage, [.persisted])
        #expect(stage.appliedIndex == 2 && !stage.isBlocked)
        #expect(receiver.takeAll().map(\.summary) == ["2 applied"])
    }

    @Test("The input that ends the wait for the database is not run inline")
    func endOfWaiting() throws {
        var stage = try makeStage { $0.writeBufferBytesMax = 1_000 }
        _ = try run(&stage, [.entries([StageFixture.put(1, id: 1, bytes: 2_000)])])
        let later = ApplyInput.entries([StageFixture.put(2, id: 2)])
        let isLaterBrief = stage.isBrief([later], watchers: 0)
        let isEndBrief = stage.isBrief([.persisted], watchers: 0)
        #expect(stage.isBlocked && isLaterBrief && !isEndBrief)
    }

    @Test("The entry that starts the clocks of leases is not run inline")
    func startOfClocks() throws {
        var stage = try makeStage()
        _ = try run(&stage, [.role(isLeader: true, term: 2)])
        let first = ApplyInput.entries([
            Entry(term: Term(2), index: LogIndex(1), data: [])
        ])
        let isFirstBrief = stage.isBrief([first], watchers: 0)
        _ = try run(&stage, [first])
        let isNextBrief = stage.isBrief(
            [.entries([StageFixture.put(2, id: 2)])], watchers: 0)
        #expect(!isFirstBrief && isNextBrief)
    }

    @Test("While a state is installed proposals are registered, refused and timed out; reads wait")
    func installation() throws {
        var stage = try makeStage()
        let snapshot = Snapshot(index: LogIndex(9), term: Term(2), confState: ConfState())
        _ = try run(&stage, [.install(snapshot)])
        _ = try run(
            &stage,
            [
                register([1, 2]), .refused(id: 1, error: .noLeader),
                .readable(index: 0, [receiver.address(5)]),
            ])
        #expect(receiver.takeAll().map(\.summary) == ["1 \(EtcdError.noLeader.message)"])
        #expect(stage.deadline < 7_000)
        _ = try run(&stage, [], now: 8_000)
        #expect(receiver.takeAll().map(\.summary) == ["2 \(EtcdError.timeout.message)"])
    }

    @Test("Reads wait for their index")
    func reads() throws {
        var stage = try makeStage()
        _ = try run(&stage, [.readable(index: 1, [receiver.address(3)])])
        #expect(receiver.takeAll().isEmpty)
        _ = try run(&stage, [.entries([StageFixture.put(1, id: 1)])])
        #expect(receiver.takeAll().map(\.summary) == ["3 readable"])
    }

    @Test("A gap between entries stops the member")
    func gap() throws {
        var stage = try makeStage()
        #expect(throws: EntryGap.self) {
            _ = try run(&stage, [.entries([StageFixture.put(2, id: 1)])])
        }
    }

    /// With authentication enabled all keys of the lease are checked.
    @Test("A put with a lease of many keys is not applied by its caller")
    func leasesOfManyKeys() throws {
        var stage = try makeStage()
        let grant = LeaseGrantRequest(ttlSeconds: 60, id: 7).encoded()
        let field = InternalRaftRequest.Field.leaseGrant
        _ = try run(&stage, [.entries([StageFixture.entry(1, id: 1, field, grant)])])
        for index in UInt64(2)...101 {
            let put = StageFixture.put(index, id: index, key: "k\(index)", lease: 7)
            _ = try run(&stage, [.entries([put])])
        }
        func isBrief(_ lease: Int64, inTransaction: Bool) -> Bool {
            let index = stage.appliedIndex.next.rawValue
            let put = PutRequest(key: [1][...], lease: lease)
            let entry =
                inTransaction
                ? StageFixture.entry(
                    index, id: index, InternalRaftRequest.Field.txn,
                    TxnRequest(compare: [], success: [.put(put)]).encoded())
                : StageFixture.put(index, id: index, lease: lease)
            return stage.isBrief([.entries([entry])], watchers: 0)
        }
        #expect(isBrief(7, inTransaction: false) && isBrief(7, inTransaction: true))
        try StageFixture.enableAuth(stage.state)
        #expect(!isBrief(7, inTransaction: false) && !isBrief(7, inTransaction: true))
        #expect(isBrief(0, inTransaction: false) && isBrief(8, inTransaction: true))
    }

    @Test("The holder of tokens is notified before the index is published")
    func authIsObserved() throws {
        var stage = try makeStage()
        let status = InternalRaftRequest.Field.authStatus
        let entries = [
            StageFixture.put(1, id: 1), StageFixture.entry(2, id: 2, status, []),
            StageFixture.entry(3, id: 3, InternalRaftRequest.Field.authEnable, []),
        ]
        _ = try run(&stage, [.entries(entries)])
        #expect(observer.authIndexes == [2], "a refused request changes nothing")
    }
}
