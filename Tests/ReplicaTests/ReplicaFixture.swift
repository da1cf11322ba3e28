import Raft
import StateMachine

@testable import Replica

/// One replica and what it wanted done so far; nothing is done but what a test asks for.
struct ReplicaFixture {
    var replica: Replica
    var effects = ReplicaEffects()

    init(
        members: [UInt64] = [1], snapshotCount: Int = 10, catchUpEntries: Int = 3,
        appliesSoleWrites: Bool = false
    ) {
        let settings = RaftConfiguration(id: MemberID(1), preVote: false, seed: 1)
        let machine = RaftMachine(
            settings,
            founders: members.map { FoundingMember(id: MemberID($0), context: []) })
        var limits = ReplicaSettings(
            snapshotCount: snapshotCount, catchUpEntries: catchUpEntries, readRetryTicks: 5)
        limits.appliesSoleWrites = appliesSoleWrites
        replica = Replica(
            machine, settings: limits,
            snapshotIndex: .zero, firstRound: 1000)
    }

    /// Gives an input and takes the effects, which replace those of the input before.
    mutating func step(_ input: ReplicaInput) throws {
        effects.removeAll()
        try replica.step(input, into: &effects)
        replica.takeEffects(into: &effects)
    }

    /// Performs writes and applies entries until nothing is left; gives all messages.
    @discardableResult
    mutating func settle() throws -> [Message] {
        var messages = effects.messages
        while !effects.writes.isEmpty || !effects.committed.isEmpty {
            let writes = effects.writes
            let sole = writes.filter { effects.soleWrites.contains($0.number) }
            let committed = effects.committed + sole.flatMap(\.entries)
            effects.writes = []
            effects.soleWrites = []
            effects.committed = []
            if let number = writes.last?.number {
                try replica.step(.written(number), into: &effects)
            }
            if let last = committed.last {
                try replica.step(.applied(Self.progress(committed, last)), into: &effects)
            }
            effects.messages = []
            replica.takeEffects(into: &effects)
            messages += effects.messages
        }
        return messages
    }

    private static func progress(_ committed: [Entry], _ last: Entry) -> ApplyProgress {
        let changes = committed.filter { $0.type == .confChange }.map {
            AppliedConfigurationChange.single($0.data, index: $0.index.rawValue)
        }
        return ApplyProgress(index: last.index.rawValue, configurationChanges: changes)
    }

    /// A single member that has been elected and has committed in its term.
    static func leading(
        snapshotCount: Int = 10, catchUpEntries: Int = 3, appliesSoleWrites: Bool = false
    ) throws -> Self {
        var fixture = ReplicaFixture(
            snapshotCount: snapshotCount, catchUpEntries: catchUpEntries,
            appliesSoleWrites: appliesSoleWrites)
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.campaign)
        try fixture.settle()
        return fixture
    }

    /// Member 1 of three that follows 2 in term 2.
    static func following() throws -> Self {
        var fixture = ReplicaFixture(members: [1, 2, 3])
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.message(Self.heartbeat))
        try fixture.settle()
        return fixture
    }

    static var heartbeat: Message {
        Message(
            type: .heartbeat, to: MemberID(1), from: MemberID(2), term: Term(2),
            commit: LogIndex(3))
    }

    static func proposal(_ id: UInt64) -> NumberedProposal {
        NumberedProposal(id: id, data: [UInt8(truncatingIfNeeded: id)])
    }
}
