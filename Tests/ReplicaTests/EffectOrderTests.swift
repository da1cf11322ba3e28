import EtcdAPI
import Identifiers
import Raft
import StateMachine
import Testing

@testable import Replica

/// The rules that the order of a replica's effects implies.
@Suite("The order of effects") struct EffectOrderTests {
    @Test("Messages that need a durable write are in no list before its report")
    func persistBeforeSend() throws {
        var fixture = try ReplicaFixture.following()
        try fixture.step(.message(ReplicaFixture.firstAppend))
        let write = try #require(fixture.effects.writes.first)
        let responses = fixture.effects.all.filter { effect in
            if case .send(let messages) = effect {
                messages.contains { $0.type == .appendResponse }
            } else {
                false
            }
        }
        #expect(responses.isEmpty)
        try fixture.step(.written(write.number))
        #expect(fixture.effects.messages.map(\.type) == [.appendResponse])
    }

    @Test("Entries committed before a single-voter commit are handed out before it")
    func singleVoterCommits() throws {
        var fixture = try ReplicaFixture.leading(appliesSingleVoterCommits: true)
        let large = NumberedProposal(id: 1, data: [UInt8](repeating: 1, count: 100_000))
        try fixture.step(.propose([large]))
        let first = try #require(fixture.effects.writes.first)
        #expect(fixture.effects.singleVoterCommits.isEmpty)
        fixture.effects.removeAll()
        try fixture.replica.step(.written(first.number), into: &fixture.effects)
        try fixture.replica.step(
            .propose([ReplicaFixture.proposal(2)]), into: &fixture.effects)
        fixture.replica.takeEffects(into: &fixture.effects)
        #expect(fixture.effects.singleVoterCommits.count == 1)
        let order = fixture.effects.all.compactMap { effect in
            switch effect {
            case .commit(let entries): "commit \(entries.count)"
            case .write(_, let isSingleVoterCommit):
                isSingleVoterCommit ? "single-voter commit" : "write"
            default: nil
            }
        }
        #expect(order == ["commit 1", "single-voter commit"])
    }
}
