import Raft
import Replica
import Testing

@testable import Stages

/// Proposals that wait for a leader.
@Suite struct HeldProposalsTests {
    private func proposals(bytes: Int) -> HeldProposals.Held {
        .proposals([NumberedProposal(id: 1, data: [UInt8](repeating: 0, count: bytes))])
    }

    @Test("What waits is bounded in bytes, whatever it is")
    func bounded() {
        // A change of the membership counts as 64 bytes and its context.
        var held = HeldProposals(bytesMaximum: 164)
        let isTaken1 = held.add(proposals(bytes: 60), batch: 0, deadline: 10)
        #expect(isTaken1)
        let change = ConfChange(
            type: .remove, member: MemberID(1), context: [UInt8](repeating: 0, count: 30))
        let isTaken2 = held.add(.membershipChange(id: 2, change), batch: 1, deadline: 10)
        #expect(isTaken2)
        let isTaken3 = held.add(proposals(bytes: 11), batch: 2, deadline: 10)
        #expect(!isTaken3)
        let isTaken4 = held.add(proposals(bytes: 10), batch: 2, deadline: 10)
        #expect(isTaken4)
        let entry = Entry(term: Term(1), index: LogIndex(1), data: [1])
        let message = Message(type: .propose, entries: [entry])
        let isTaken5 = held.add(.forwarded(message), batch: nil, deadline: 10)
        #expect(!isTaken5)
        #expect(held.takeAll().map(\.batch) == [0, 1, 2])
        let isTakenAgain = held.add(.forwarded(message), batch: nil, deadline: 10)
        #expect(isTakenAgain, "all room is free again")
    }

    @Test("What nobody waits for any more makes room")
    func expired() {
        var held = HeldProposals(bytesMaximum: 100)
        let isTaken6 = held.add(proposals(bytes: 60), batch: 0, deadline: 10)
        #expect(isTaken6)
        let isTaken7 = held.add(proposals(bytes: 40), batch: 1, deadline: 20)
        #expect(isTaken7)
        #expect(held.dropExpired(9) == 0)
        #expect(held.dropExpired(10) == 1)
        let isTaken8 = held.add(proposals(bytes: 60), batch: 2, deadline: 30)
        #expect(isTaken8)
        #expect(held.takeAll().map(\.batch) == [1, 2])
        #expect(held.isEmpty)
    }
}
