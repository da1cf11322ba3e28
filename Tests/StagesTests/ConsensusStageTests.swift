import EtcdAPI
import Identifiers
import MonotonicClock
import Raft
import Replica
import StateMachine
import TestSupport
import Testing

@testable import Stages

/// The consensus stage, run by run.
@Suite struct ConsensusStageTests {
    private let receiver = CollectingReceiver()

    private func makeStage(
        members: [UInt64], _ change: (inout MemberConfiguration) -> Void = { _ in }
    ) -> ConsensusStage {
        var configuration = MemberConfiguration()
        change(&configuration)
        return ConsensusStage(
            StageFixture.makeReplica(members: members), configuration: configuration, now: 0)
    }

    private func run(
        _ stage: inout ConsensusStage, _ inputs: [ConsensusInput], now: MonotonicTime = 1,
        isConnected: Bool = true
    ) throws -> [ConsensusEffect] {
        var effects: [ConsensusEffect] = []
        try stage.run(
            inputs, ConsensusContext(now: now, applied: 0),
            isConnected: { _ in isConnected }, into: &effects)
        for case .deliverCompletions in effects { stage.completions.deliver() }
        return effects
    }

    private func proposal(_ id: UInt64, bytes: Int = 10) -> ClientRequest {
        .propose(
            NumberedProposal(id: id, data: [UInt8](repeating: 0, count: bytes)),
            completion: receiver.address(id))
    }

    /// The inputs of the apply stage as text.
    private func summary(_ effects: [ConsensusEffect]) -> [String] {
        effects.compactMap { effect in
            guard case .apply(let input, _) = effect else { return nil }
            switch input {
            case .register(let registrations, let batch):
                return "register \(registrations.map(\.id)) \(batch.sent == nil ? "held" : "sent")"
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

    @Test("Proposals and changes of the membership wait for a leader, in order")
    func held() throws {
        var stage = makeStage(members: [1, 2, 3])
        let change = ConfChange(id: 2, type: .remove, member: MemberID(3), context: [])
        var effects = try run(
            &stage,
            [
                .requests([
                    proposal(1), .changeMembership(id: 2, change, completion: receiver.address(2)),
                ])
            ])
        #expect(summary(effects) == ["register [1, 2] held"])
        effects = try run(&stage, [heartbeat(term: 2)])
        #expect(summary(effects).allSatisfy { $0 == "sent 0 to 2" } && !summary(effects).isEmpty)
        let forwarded = effects.flatMap { effect -> [Entry] in
            if case .send(let messages) = effect {
                return messages.filter { $0.type == .propose }.flatMap(\.entries)
            }
            return []
        }
        #expect(forwarded.map(\.type) == [.normal, .confChange])
    }

    @Test("Held proposals are bounded, and the rest is refused")
    func bounded() throws {
        var stage = makeStage(members: [1, 2, 3]) { $0.heldBytesMax = 100 }
        _ = try run(&stage, [.requests([proposal(1, bytes: 90)])])
        let effects = try run(&stage, [.requests([proposal(2, bytes: 20)])])
        #expect(
            summary(effects) == ["register [2] held", "refused 2 etcdserver: too many requests"])
    }

    @Test("Nothing is sent to an unreachable leader")
    func unreachable() throws {
        var stage = makeStage(members: [1, 2, 3])
        _ = try run(&stage, [heartbeat(term: 2)])
        let effects = try run(&stage, [.requests([proposal(1)])], isConnected: false)
        #expect(summary(effects) == ["register [1] held"])
    }

    @Test("A proposal of a former leader is dropped")
    func ofAFormerLeader() throws {
        var stage = makeStage(members: [1, 2, 3])
        _ = try run(&stage, [heartbeat(term: 2)])
        let proposal = NumberedProposal(id: 9, data: [1])
        let effects = try run(&stage, [.ownAsLeader(term: 1, proposal)])
        let sent = effects.contains { effect in
            if case .send(let messages) = effect {
                messages.contains { $0.type == .propose }
            } else {
                false
            }
        }
        #expect(!sent)
    }

    @Test("Unconfirmed reads time out")
    func reads() throws {
        var stage = makeStage(members: [1, 2, 3])
        _ = try run(&stage, [.requests([.read(completion: receiver.address(5))])])
        #expect(receiver.takeAll().isEmpty)
        _ = try run(&stage, [], now: 8_000)
        #expect(receiver.takeAll().map(\.summary) == ["5 etcdserver: request timed out"])
    }
}
