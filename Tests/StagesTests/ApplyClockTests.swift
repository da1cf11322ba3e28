import EtcdAPI
import Identifiers
import MonotonicClock
import Raft
import StateMachine
import Testing

@testable import Stages

/// What the apply stage does by the clock: expired leases, and the end of the NOSPACE alarm.
@Suite struct ApplyClockTests {
    private let observer = NoObserver()

    private func makeStage(
        _ stateConfiguration: StateMachineConfiguration = StateMachineConfiguration(),
        _ change: (inout MemberConfiguration) -> Void = { _ in }
    ) throws -> ApplyStage {
        var configuration = MemberConfiguration()
        change(&configuration)
        return ApplyStage(
            try StageFixture.makeState(stateConfiguration), id: MemberID(1), snapshotIndex: 0,
            snapshotCount: 1000, configuration: configuration, now: .zero)
    }

    private func run(
        _ stage: inout ApplyStage, _ inputs: [ApplyInput] = [], at milliseconds: Int64
    ) throws -> [ApplyEffect] {
        var effects: [ApplyEffect] = []
        try stage.run(
            inputs,
            ApplyContext(now: MonotonicTime(milliseconds: milliseconds), allowsLongWork: true),
            isConnected: { _ in true }, observer: observer, into: &effects)
        return effects
    }

    private func revoked(_ effects: [ApplyEffect]) -> [Int64] {
        effects.compactMap { effect in
            if case .revoke(let lease, _) = effect { lease.rawValue } else { nil }
        }
    }

    private func grant(_ lease: Int64) -> Entry {
        StageFixture.entry(
            UInt64(lease), id: 0, InternalRaftRequest.Field.leaseGrant,
            LeaseGrantRequest(ttlSeconds: 5, id: lease).encoded())
    }

    private func revocation(_ lease: Int64, at index: UInt64) -> Entry {
        StageFixture.entry(
            index, id: 0, InternalRaftRequest.Field.leaseRevoke,
            LeaseRevokeRequest(id: lease).encoded())
    }

    @Test("Expired leases are revoked in steps, as fast as revocations are applied")
    func revocations() throws {
        var stage = try makeStage {
            $0.revocationsPerStep = 3
            $0.revocationsInFlightMax = 5
            $0.revocationPause = .milliseconds(5)
            $0.electionTimeout = .zero
        }
        let grants = (Int64(1)...12).map { grant($0) }
        _ = try run(&stage, [.role(isLeader: true, term: 2), .entries(grants)], at: 1)
        // Regular checks find nothing until they are due.
        #expect(revoked(try run(&stage, at: 4_900)).isEmpty)
        #expect(stage.deadline == MonotonicTime(milliseconds: 5_400))
        #expect(revoked(try run(&stage, at: 5_400)).count == 3)
        #expect(stage.deadline == MonotonicTime(milliseconds: 5_405))
        #expect(revoked(try run(&stage, at: 5_404)).isEmpty, "not before the step is due")
        #expect(revoked(try run(&stage, at: 5_405)).count == 2, "five are in flight")
        #expect(revoked(try run(&stage, at: 5_410)).isEmpty)
        // Four are applied, so that three more may be proposed.
        let applied = (1...4).map { revocation(Int64($0), at: UInt64(12 + $0)) }
        #expect(revoked(try run(&stage, [.entries(applied)], at: 5_411)).isEmpty)
        #expect(revoked(try run(&stage, at: 5_415)) == [6, 7, 8])
        // At the next regular check those in flight may have been lost.
        #expect(revoked(try run(&stage, at: 5_900)) == [9, 10, 11])
        _ = try run(&stage, [.role(isLeader: false, term: 3)], at: 5_901)
        #expect(revoked(try run(&stage, at: 5_905)).isEmpty)
        #expect(stage.deadline == MonotonicTime(milliseconds: 6_400), "it leads no more")
    }

    private func alarm(
        _ action: Etcdserverpb_AlarmRequest.AlarmAction, at index: UInt64
    ) throws -> ApplyInput {
        var request = Etcdserverpb_AlarmRequest()
        (request.action, request.memberID, request.alarm) = (action, 1, .nospace)
        return .entries([
            StageFixture.entry(
                index, id: 0, InternalRaftRequest.Field.alarm, try request.serializedBytes())
        ])
    }

    private func endsAlarm(_ effects: [ApplyEffect]) -> Bool {
        effects.contains { if case .endSpaceAlarm = $0 { true } else { false } }
    }

    private func quota(_ bytes: Int64, _ rule: Quota.Rule) -> StateMachineConfiguration {
        var configuration = StateMachineConfiguration()
        configuration.quota = Quota(configuredBytes: bytes, rule: rule)
        return configuration
    }

    @Test(
        "The NOSPACE alarm ends once the database is not full any more", arguments: [true, false])
    func endOfAlarm(endsByItself: Bool) throws {
        var stage = try makeStage(quota(1 << 20, endsByItself ? .inUse : .etcd))
        _ = try run(&stage, at: 500)
        // A megabyte waits to be written, and counts.
        _ = try run(&stage, [.entries([StageFixture.put(1, id: 1, bytes: 1 << 20)])], at: 600)
        #expect(!endsAlarm(try run(&stage, [try alarm(.activate, at: 2)], at: 700)))
        #expect(!endsAlarm(try run(&stage, at: 1_200)))
        let delete = StageFixture.entry(
            3, id: 3, InternalRaftRequest.Field.deleteRange,
            DeleteRangeRequest(key: Array("a".utf8)[...], rangeEnd: []).encoded())
        let compact = StageFixture.entry(
            4, id: 4, InternalRaftRequest.Field.compaction,
            CompactionRequest(revision: 3).encoded())
        _ = try run(&stage, [.entries([delete, compact])], at: 1_300)
        try stage.state.store.persist()
        while try stage.state.store.compactionStep() != .idle {}
        try stage.state.store.persist()
        try stage.state.bolt.commitAgain()
        #expect(endsAlarm(try run(&stage, at: 1_800)) == endsByItself)
        #expect(endsAlarm(try run(&stage, at: 2_300)) == endsByItself, "the proposal may be lost")
        _ = try run(&stage, [try alarm(.deactivate, at: 5)], at: 2_400)
        #expect(!endsAlarm(try run(&stage, at: 2_900)))
    }

    @Test("An alarm that a client activates stays; one that is active at the start ends")
    func alarmsOfClients() throws {
        var stage = try makeStage(quota(1 << 20, .inUse))
        _ = try run(&stage, at: 500)
        #expect(!endsAlarm(try run(&stage, [try alarm(.activate, at: 1)], at: 600)))
        #expect(!endsAlarm(try run(&stage, at: 1_100)))
        var restarted = ApplyStage(
            stage.state, id: MemberID(1), snapshotIndex: 0, snapshotCount: 1000,
            configuration: MemberConfiguration(), now: .zero)
        #expect(endsAlarm(try run(&restarted, at: 500)))
    }
}
