import EtcdAPI
import Raft
import Replica
import StateMachine
import Testing

@testable import Stages

/// The consensus stage, turn by turn.
@Suite struct ConsensusStageTests {
    private let sink = GatheringSink()

    private func makeStage(
        members: [UInt64], _ change: (inout MemberSettings) -> Void = { _ in }
    ) -> ConsensusStage {
        var settings = MemberSettings()
        change(&settings)
        return ConsensusStage(
            StageFixture.makeReplica(members: members), settings: settings, now: 0)
    }

    private func turn(
        _ stage: inout ConsensusStage, _ inputs: [ConsensusInput], now: Int64 = 1,
        isConnected: Bool = true
    ) throws -> [ConsensusEffect] {
        var effects: [ConsensusEffect] = []
        try stage.turn(
            inputs, ConsensusSurroundings(now: now, applied: 0),
            isConnected: { _ in isConnected }, into: &effects)
        for case .deliverReplies in effects { stage.replies.deliver() }
        return effects
    }

    private func proposal(_ id: UInt64, bytes: Int = 10) -> ClientRequest {
        .propose(
            NumberedProposal(id: id, data: [UInt8](repeating: 0, count: bytes)),
            reply: sink.address(id))
    }

    /// What goes to the apply stage, in words.
    private func told(_ effects: [ConsensusEffect]) -> [String] {
        effects.compactMap { effect in
            guard case .apply(let input, _) = effect else { return nil }
            switch input {
            case .expect(let registrations, let batch):
                return "expect \(registrations.map(\.id)) \(batch.sent == nil ? "held" : "sent")"
            case .sent(let batch, let sent): return "sent \(batch) to \(sent.leader.rawValue)"
            case .refused(let id, let error): return "refused \(id) \(error?.message ?? "-")"
            default: return nil
            }
        }
    }

    private func heartbeat(term: UInt64) -> ConsensusInput {
        .received([
            Message(
                type: .heartbeat, to: MemberID(1), from: MemberID(2), term: Term(term),
                commit: .zero)
        ])
    }

    @Test("Proposals and changes of the membership wait for a leader, in their order")
    func held() throws {
        var stage = makeStage(members: [1, 2, 3])
        let change = ConfChange(id: 2, type: .remove, member: MemberID(3), context: [])
        var effects = try turn(
            &stage,
            [
                .requests([
                    proposal(1), .changeMembership(id: 2, change, reply: sink.address(2)),
                ])
            ])
        #expect(told(effects) == ["expect [1, 2] held"])
        effects = try turn(&stage, [heartbeat(term: 2)])
        #expect(told(effects).allSatisfy { $0 == "sent 0 to 2" } && !told(effects).isEmpty)
        let forwarded = effects.flatMap { effect -> [Entry] in
            if case .send(let messages) = effect {
                return messages.filter { $0.type == .propose }.flatMap(\.entries)
            }
            return []
        }
        #expect(forwarded.map(\.type) == [.normal, .confChange])
    }

    @Test("What waits for a leader is bounded, and the rest is refused")
    func bounded() throws {
        var stage = makeStage(members: [1, 2, 3]) { $0.heldBytesMaximum = 100 }
        _ = try turn(&stage, [.requests([proposal(1, bytes: 90)])])
        let effects = try turn(&stage, [.requests([proposal(2, bytes: 20)])])
        #expect(
            told(effects) == ["expect [2] held", "refused 2 etcdserver: too many requests"])
    }

    @Test("A leader that cannot be reached is sent nothing")
    func unreachable() throws {
        var stage = makeStage(members: [1, 2, 3])
        _ = try turn(&stage, [heartbeat(term: 2)])
        let effects = try turn(&stage, [.requests([proposal(1)])], isConnected: false)
        #expect(told(effects) == ["expect [1] held"])
    }

    @Test("What a leader wanted is dropped when it is not that leader any more")
    func ofAFormerLeader() throws {
        var stage = makeStage(members: [1, 2, 3])
        _ = try turn(&stage, [heartbeat(term: 2)])
        let proposal = NumberedProposal(id: 9, data: [1])
        let effects = try turn(&stage, [.ownAsLeader(term: 1, proposal)])
        let sent = effects.contains { effect in
            if case .send(let messages) = effect {
                messages.contains { $0.type == .propose }
            } else {
                false
            }
        }
        #expect(!sent)
    }

    @Test("Reads that nobody confirms end at their time")
    func reads() throws {
        var stage = makeStage(members: [1, 2, 3])
        _ = try turn(&stage, [.requests([.read(reply: sink.address(5))])])
        #expect(sink.takeAll().isEmpty)
        _ = try turn(&stage, [], now: 8_000)
        #expect(sink.takeAll().map(\.told) == ["5 etcdserver: request timed out"])
    }
}
