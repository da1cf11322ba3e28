import EtcdAPI
import Raft
import StateMachine
import Testing

@testable import Stages

/// The apply stage, turn by turn.
@Suite struct ApplyStageTests {
    private let sink = GatheringSink()
    private let observer = NoObserver()

    private func makeStage(
        snapshotCount: Int = 1000, _ change: (inout MemberSettings) -> Void = { _ in }
    ) throws -> ApplyStage {
        var settings = MemberSettings()
        change(&settings)
        return ApplyStage(
            try StageFixture.makeState(), id: MemberID(1), snapshotIndex: 0,
            snapshotCount: snapshotCount, settings: settings, now: 0)
    }

    @Test("The clocks of leases start with the first entry of the leader's own term")
    func clocksStartWithTheTerm() throws {
        var stage = try makeStage()
        _ = try turn(&stage, [.role(isLeader: true, term: 2)])
        #expect(!stage.state.lessor.isPrimary)
        _ = try turn(&stage, [.entries([StageFixture.put(1, id: 1)])])
        #expect(stage.state.lessor.isPrimary && stage.promotedTerm == 2)
        _ = try turn(&stage, [.role(isLeader: false, term: 3)])
        #expect(!stage.state.lessor.isPrimary)
    }

    /// The indexes of the snapshots that these effects ask for.
    private func snapshots(_ effects: [ApplyEffect]) -> [UInt64] {
        effects.compactMap { effect in
            if case .backend(.snapshot(let request)) = effect { request.index } else { nil }
        }
    }

    @Test("A snapshot is due with the entry behind its count, wherever its file is by then")
    func snapshotsAreDueByEntries() throws {
        var stage = try makeStage(snapshotCount: 10)
        var taken: [UInt64] = []
        for index in UInt64(1)...40 {
            taken += snapshots(
                try turn(&stage, [.entries([StageFixture.put(index, id: index)])]))
        }
        #expect(taken == [11, 22, 33])
    }

    @Test("Snapshots on their way into files are bounded")
    func unsavedSnapshotsAreBounded() throws {
        var stage = try makeStage(snapshotCount: 1)
        var taken: [UInt64] = []
        for index in UInt64(1)...40 {
            taken += snapshots(
                try turn(&stage, [.entries([StageFixture.put(index, id: index)])]))
        }
        #expect(taken == [2, 4, 6, 8, 10, 12, 14, 16])
        let more = try turn(&stage, [.snapshotSaved, .entries([StageFixture.put(41, id: 41)])])
        #expect(snapshots(more) == [41])
    }

    private func turn(
        _ stage: inout ApplyStage, _ inputs: [ApplyInput], now: Int64 = 10
    ) throws -> [ApplyEffect] {
        var effects: [ApplyEffect] = []
        try stage.turn(
            inputs, ApplySurroundings(now: now, isUnhurried: true), isConnected: { _ in true },
            observer: observer, into: &effects)
        for case .deliverReplies in effects { stage.replies.deliver() }
        return effects
    }

    private func expect(_ ids: [UInt64]) -> ApplyInput {
        .expect(
            ids.map { Registration(id: $0, address: sink.address($0)) },
            ProposalBatch(
                number: 0, deadline: 7000, sent: SentProposals(term: 2, leader: MemberID(1))))
    }

    @Test("Readers see an entry before its proposer is answered")
    func order() throws {
        var stage = try makeStage()
        let effects = try turn(&stage, [expect([1]), .entries([StageFixture.put(1, id: 1)])])
        let applied = effects.firstIndex { if case .applied = $0 { true } else { false } }
        let answered = effects.firstIndex { if case .deliverReplies = $0 { true } else { false } }
        #expect(try #require(applied) < #require(answered))
        #expect(sink.takeAll().map(\.told) == ["1 applied"])
    }

    @Test("A long batch is applied group by group where the turn is limited")
    func groups() throws {
        var stage = try makeStage {
            $0.entriesPerGroup = 2
            $0.groupsPerTurn = 1
        }
        let entries = (1...5).map { StageFixture.put($0, id: $0) }
        _ = try turn(&stage, [expect([1, 2, 3, 4, 5]), .entries(entries)])
        #expect(stage.appliedIndex == 2 && stage.hasWork)
        #expect(sink.takeAll().isEmpty, "answers leave with the last group")
        _ = try turn(&stage, [])
        _ = try turn(&stage, [])
        #expect(stage.appliedIndex == 5 && !stage.hasWork)
        #expect(sink.takeAll().count == 5)
    }

    @Test("Entries wait for the database, and everything else goes on")
    func writeBuffer() throws {
        var stage = try makeStage { $0.overlayMaximumBytes = 1_000 }
        var effects = try turn(
            &stage, [expect([1, 2]), .entries([StageFixture.put(1, id: 1, bytes: 2_000)])])
        let isAwaited = effects.contains {
            if case .backend(.persist(isAwaited: true)) = $0 { true } else { false }
        }
        #expect(isAwaited && stage.isBlocked)
        _ = sink.takeAll()
        effects = try turn(
            &stage,
            [.entries([StageFixture.put(2, id: 2)]), .readable(index: 1, [sink.address(7)])])
        #expect(stage.appliedIndex == 1)
        #expect(sink.takeAll().map(\.told) == ["7 readable"])
        try stage.state.store.persist()
        _ = try turn(&stage, [.persisted])
        #expect(stage.appliedIndex == 2 && !stage.isBlocked)
        #expect(sink.takeAll().map(\.told) == ["2 applied"])
    }

    @Test("What ends the waiting of entries for the database is not for a caller in a hurry")
    func endOfWaiting() throws {
        var stage = try makeStage { $0.overlayMaximumBytes = 1_000 }
        _ = try turn(&stage, [.entries([StageFixture.put(1, id: 1, bytes: 2_000)])])
        let later = ApplyInput.entries([StageFixture.put(2, id: 2)])
        let isLaterBrief = stage.isBrief([later], watchers: 0)
        let isEndBrief = stage.isBrief([.persisted], watchers: 0)
        #expect(stage.isBlocked && isLaterBrief && !isEndBrief)
    }

    @Test("The start of the clocks of leases is not for a caller in a hurry")
    func startOfClocks() throws {
        var stage = try makeStage()
        _ = try turn(&stage, [.role(isLeader: true, term: 2)])
        let first = ApplyInput.entries([
            Entry(term: Term(2), index: LogIndex(1), data: [])
        ])
        let isFirstBrief = stage.isBrief([first], watchers: 0)
        _ = try turn(&stage, [first])
        let isNextBrief = stage.isBrief(
            [.entries([StageFixture.put(2, id: 2)])], watchers: 0)
        #expect(!isFirstBrief && isNextBrief)
    }

    @Test("While a state is received proposals are taken, refused and timed out, and reads wait")
    func installation() throws {
        var stage = try makeStage()
        let snapshot = Snapshot(index: LogIndex(9), term: Term(2), confState: ConfState())
        _ = try turn(&stage, [.install(snapshot)])
        _ = try turn(
            &stage,
            [
                expect([1, 2]), .refused(id: 1, error: .noLeader),
                .readable(index: 0, [sink.address(5)]),
            ])
        #expect(sink.takeAll().map(\.told) == ["1 \(EtcdError.noLeader.message)"])
        #expect(stage.deadline < 7_000)
        _ = try turn(&stage, [], now: 8_000)
        #expect(sink.takeAll().map(\.told) == ["2 \(EtcdError.timeout.message)"])
    }

    @Test("Reads wait for their index")
    func reads() throws {
        var stage = try makeStage()
        _ = try turn(&stage, [.readable(index: 1, [sink.address(3)])])
        #expect(sink.takeAll().isEmpty)
        _ = try turn(&stage, [.entries([StageFixture.put(1, id: 1)])])
        #expect(sink.takeAll().map(\.told) == ["3 readable"])
    }

    @Test("A gap between entries stops the member")
    func gap() throws {
        var stage = try makeStage()
        #expect(throws: EntryGap.self) {
            _ = try turn(&stage, [.entries([StageFixture.put(2, id: 1)])])
        }
    }
}
