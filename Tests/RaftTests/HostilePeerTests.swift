import Identifiers
import Testing

@testable import Raft

/// Messages that no correct member sends are dropped and never crash the process.
@Suite struct HostilePeerTests {
    @Test func rejectsLocalAndMalformedMessages() throws {
        var machine = try RaftMachine(
            RaftConfiguration(id: MemberID(1), seed: 1), restoring: state())
        for type in [MessageType.hup, .beat, .unreachable, .snapshotStatus, .storageApply] {
            #expect(throws: StepError.localMessage(type)) {
                try machine.step(Message(type: type, from: MemberID(2), term: Term(1)))
            }
        }
        #expect(throws: StepError.unknownMember(MemberID(9))) {
            try machine.step(
                Message(type: .appendResponse, from: MemberID(9), term: Term(1)))
        }
        #expect(throws: StepError.self) {
            try machine.step(Message(type: .append, from: MemberID(2)))
        }
        #expect(throws: StepError.self) {
            try machine.step(
                Message(
                    type: .append, from: MemberID(2), term: Term(1), index: LogIndex.max))
        }
    }

    @Test func commitBeyondTheLogIsABrokenInvariant() throws {
        var machine = try RaftMachine(
            RaftConfiguration(id: MemberID(1), seed: 1), restoring: state())
        #expect {
            try machine.step(
                Message(
                    type: .heartbeat, from: MemberID(2), term: Term(1), commit: LogIndex(4)))
        } throws: { error in
            if case StepError.brokenInvariant = error { return true }
            return false
        }
    }

    private func state() -> RestoredState {
        var state = RestoredState.empty
        state.confState.voters = [MemberID(1), MemberID(2), MemberID(3)]
        return state
    }

    @Test(arguments: 1...20) func survivesArbitraryMessages(seed: Int) throws {
        var random = TestRandom(seed: UInt64(seed))
        var machine = try RaftMachine(
            RaftConfiguration(id: MemberID(1), preVote: random.chance(50), seed: 1),
            restoring: state())
        for _ in 0..<2_000 {
            do throws(StepError) {
                try machine.step(message(&random, machine))
            } catch .brokenInvariant {
                return
            } catch {
                // Rejected, as expected.
            }
            if random.chance(5) { machine.tick() }
            if random.chance(2) { machine.campaign() }
            if random.chance(60) { settle(&machine) }
        }
    }

    private func settle(_ machine: inout RaftMachine) {
        let ready = machine.takeReady()
        if let write = ready.write {
            machine.persisted(through: write.number)
            if let snapshot = write.snapshot { machine.applied(to: snapshot.index) }
        }
        if let last = ready.committed.last { machine.applied(to: last.index) }
    }

    private func message(_ random: inout TestRandom, _ machine: RaftMachine) -> Message {
        func index() -> LogIndex {
            if random.chance(1) { return LogIndex(random.next()) }
            return LogIndex(UInt64(random.below(Int(machine.lastIndex.rawValue) + 4)))
        }
        func term() -> Term {
            if random.chance(1) { return Term(random.next() >> 4) }
            return Term(machine.term.rawValue + UInt64(random.below(3)) / 2)
        }
        var message = Message(type: MessageType.allCases[random.below(24)])
        message.from = MemberID(UInt64(random.below(5)))
        message.to = MemberID(1)
        message.term = term()
        message.logTerm = machine.term(at: machine.lastIndex) ?? term()
        message.index = random.chance(50) ? machine.lastIndex : index()
        message.commit = random.chance(80) ? min(index(), machine.lastIndex) : index()
        message.rejectHint = index()
        message.isRejected = random.chance(30)
        if random.chance(40) {
            for offset in 0..<random.below(4) {
                let index = LogIndex(message.index.rawValue &+ UInt64(offset) &+ 1)
                message.entries.append(
                    Entry(
                        term: message.term, index: index,
                        type: random.chance(80) ? .normal : .confChangeV2, data: [1]))
            }
        }
        if random.chance(50) {
            message.context = (0..<random.below(10)).map { UInt8($0) }
        }
        if message.type == .snapshot {
            message.snapshot = Snapshot(
                index: index(), term: message.term,
                confState: ConfState(voters: [MemberID(1), MemberID(UInt64(random.below(4)))]))
        }
        return message
    }
}
