import Identifiers
import MonotonicClock
import Raft
import Replica
import TestSupport
import Testing

@testable import Stages

/// Proposals held until there is a leader.
@Suite struct HeldProposalsTests {
    private func proposals(bytes: Int) -> HeldProposals.Held {
        .proposals([NumberedProposal(id: 1, data: [UInt8](repeating: 0, count: bytes))])
    }

    @Test("Held proposals of every kind are bounded in bytes")
    func bounded() {
        // A change of the membership counts 64 bytes and its context.
        var held = HeldProposals(bytesMax: 164)
        let isHeld1 = held.add(proposals(bytes: 60), batch: 0, deadline: 10)
        #expect(isHeld1)
        let change = ConfChange(
            type: .remove, member: MemberID(1), context: [UInt8](repeating: 0, count: 30))
        let isHeld2 = held.add(.membershipChange(id: 2, change), batch: 1, deadline: 10)
        #expect(isHeld2)
        let isHeld3 = held.add(proposals(bytes: 11), batch: 2, deadline: 10)
        #expect(!isHeld3)
        let isHeld4 = held.add(proposals(bytes: 10), batch: 2, deadline: 10)
        #expect(isHeld4)
        let entry = Entry(term: Term(1), index: LogIndex(1), data: [1])
        let message = Message(type: .propose, entries: [entry])
        let isHeld5 = held.add(.forwarded(message), batch: nil, deadline: 10)
        #expect(!isHeld5)
        #expect(held.takeAll().map(\.batch) == [0, 1, 2])
        let isHeldAgain = held.add(.forwarded(message), batch: nil, deadline: 10)
        #expect(isHeldAgain, "the capacity is free again")
    }

    @Test("Expired proposals free their capacity")
    func expired() {
        var held = HeldProposals(bytesMax: 100)
        let isHeld6 = held.add(proposals(bytes: 60), batch: 0, deadline: 10)
        #expect(isHeld6)
        let isHeld7 = held.add(proposals(bytes: 40), batch: 1, deadline: 20)
        #expect(isHeld7)
        #expect(held.dropExpired(9) == 0)
        #expect(held.dropExpired(10) == 1)
        let isHeld8 = held.add(proposals(bytes: 60), batch: 2, deadline: 30)
        #expect(isHeld8)
        #expect(held.takeAll().map(\.batch) == [1, 2])
        #expect(held.isEmpty)
    }
}
