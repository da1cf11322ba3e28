import Identifiers
import Testing

@testable import Raft

/// A cluster with a single voter.
@Suite struct SingleVoterTests {
    static func bootstrapped() -> RaftMachine {
        RaftMachine(
            RaftConfiguration(id: MemberID(1), seed: 1),
            initialPeers: [InitialPeer(id: MemberID(1), context: [7])])
    }

    /// Processes all outputs; returns the entries applied.
    static func settle(_ machine: inout RaftMachine) -> [Entry] {
        var applied: [Entry] = []
        while true {
            let ready = machine.takeReady()
            if ready.isEmpty { return applied }
            if let write = ready.write { machine.persisted(through: write.number) }
            for entry in ready.committed {
                if entry.type == .confChange, let change = ConfChange(decoding: entry.data) {
                    _ = try? machine.applyConfChange(change, at: entry.index)
                }
                machine.applied(to: entry.index)
                applied.append(entry)
            }
        }
    }

    @Test func bootstrapsLeadsCommitsAndReads() throws {
        var machine = Self.bootstrapped()
        #expect(!machine.canCampaign)
        #expect(Self.settle(&machine).map(\.type) == [.confChange])
        machine.campaign()
        let election = machine.takeReady()
        #expect(
            election.write?.hardState
                == HardState(term: Term(2), vote: MemberID(1), commit: LogIndex(1)))
        #expect(election.write?.mustSynchronize == true)
        #expect(!machine.isLeader)
        try machine.persisted(through: #require(election.write).number)
        #expect(machine.isLeader)
        try machine.readIndex(context: 77)
        #expect(machine.takeReady().readStates.isEmpty)
        // The empty entry of the term commits first.
        machine.persisted(through: WriteNumber(rawValue: machine.log.nextWrite.rawValue - 1))
        #expect(machine.takeReady().readStates == [ReadState(index: LogIndex(2), context: 77)])
        try machine.propose([Proposal(data: [1]), Proposal(data: [2])])
        #expect(machine.takeReady().write?.entries.map(\.data) == [[1], [2]])
    }

    @Test func restartsFromDurableState() throws {
        var machine = Self.bootstrapped()
        _ = Self.settle(&machine)
        machine.campaign()
        _ = Self.settle(&machine)
        try machine.propose((0..<10).map { Proposal(data: [$0]) })
        #expect(Self.settle(&machine).count == 10)
        machine.compactLog(to: LogIndex(5))
        let compacted = try EntryID(
            term: #require(machine.term(at: LogIndex(5))), index: LogIndex(5))
        let entries = machine.entries(
            from: machine.firstIndex, through: machine.lastIndex, bytesMax: .max)
        var again = try RaftMachine(
            machine.raftConfiguration,
            restoring: RestoredState(
                hardState: HardState(term: machine.term, vote: MemberID(1), commit: LogIndex(5)),
                compacted: compacted, entries: entries, confState: machine.confState,
                applied: LogIndex(7)))
        #expect(again.committedIndex == LogIndex(7))
        #expect(again.takeReady().write?.hardState?.commit == LogIndex(7))
        again.campaign()
        #expect(Self.settle(&again).map(\.index.rawValue) == Array(8...13))
    }
}
