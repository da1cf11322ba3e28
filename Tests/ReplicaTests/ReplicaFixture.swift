import Identifiers
import MonotonicClock
import Raft
import StateMachine
import TestSupport

@testable import Replica

/// One replica and its effects so far; only a test performs them.
struct ReplicaFixture {
    var replica: Replica
    var effects = ReplicaEffects()

    init(
        members: [UInt64] = [1], snapshotCount: Int = 10, catchUpEntries: Int = 3,
        appliesSingleVoterCommits: Bool = false
    ) {
        let configuration = RaftConfiguration(id: MemberID(1), preVote: false, seed: 1)
        let machine = RaftMachine(
            configuration,
            initialPeers: members.map { InitialPeer(id: MemberID($0), context: []) })
        var limits = ReplicaConfiguration(
            snapshotCount: snapshotCount, catchUpEntries: catchUpEntries, tickInterval: 100)
        limits.appliesSingleVoterCommits = appliesSingleVoterCommits
        replica = Replica(
            machine, configuration: limits,
            snapshotIndex: .zero, firstReadContext: 1000)
    }

    /// Passes an input and takes the effects, which replace those of the input before.
    mutating func step(_ input: ReplicaInput) throws {
        effects.removeAll()
        try replica.step(input, into: &effects)
        replica.takeEffects(into: &effects)
    }

    /// Performs writes and applies entries until nothing is left; returns all messages.
    @discardableResult
    mutating func settle() throws -> [Message] {
        var messages = effects.messages
        while !effects.writes.isEmpty || !effects.committed.isEmpty {
            let writes = effects.writes
            let singleVoter = writes.filter { effects.singleVoterCommits.contains($0.number) }
            let committed = effects.committed + singleVoter.flatMap(\.entries)
            effects.writes = []
            effects.singleVoterCommits = []
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
            AppliedConfigurationChange.single($0.data, index: $0.index)
        }
        return ApplyProgress(index: last.index, configurationChanges: changes)
    }

    /// A single member that has been elected and has committed in its term.
    static func leading(
        snapshotCount: Int = 10, catchUpEntries: Int = 3, appliesSingleVoterCommits: Bool = false
    ) throws -> Self {
        var fixture = ReplicaFixture(
            snapshotCount: snapshotCount, catchUpEntries: catchUpEntries,
            appliesSingleVoterCommits: appliesSingleVoterCommits)
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.campaign)
        try fixture.settle()
        return fixture
    }

    /// Member 1 of three, leader in term 2, with all of its writes durable on every member.
    static func leadingThree(snapshotCount: Int = 10, catchUpEntries: Int = 3) throws -> Self {
        try leading(of: [1, 2, 3], snapshotCount: snapshotCount, catchUpEntries: catchUpEntries)
    }

    /// Member 1 of these, leader in term 2 by the vote of 2.
    static func leading(
        of members: [UInt64], snapshotCount: Int = 10, catchUpEntries: Int = 3
    ) throws -> Self {
        var fixture = ReplicaFixture(
            members: members, snapshotCount: snapshotCount, catchUpEntries: catchUpEntries)
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.campaign)
        try fixture.settle()
        try fixture.step(
            .message(
                Message(
                    type: .voteResponse, to: MemberID(1), from: MemberID(2), term: Term(2))))
        try fixture.settle()
        try fixture.step(.tick)
        while !fixture.effects.messages.isEmpty {
            let messages = fixture.effects.messages
            fixture.effects.messages = try fixture.acknowledge(messages)
            fixture.effects.messages += try fixture.settle()
        }
        return fixture
    }

    /// Lets the other members respond to these messages of a leader; returns what it sends then.
    /// Writes and committed entries stay in `effects`.
    mutating func acknowledge(_ messages: [Message]) throws -> [Message] {
        effects.messages = []
        for message in messages {
            var response = Message(
                type: .appendResponse, to: message.from, from: message.to, term: message.term)
            switch message.type {
            case .append: response.index = message.index + message.entries.count
            case .heartbeat:
                response.type = .heartbeatResponse
                response.context = message.context
            default: continue
            }
            try replica.step(.message(response), into: &effects)
        }
        replica.takeEffects(into: &effects)
        return effects.messages
    }

    /// Takes the writes in `effects`; returns their numbers.
    mutating func takeWrites() -> [WriteNumber] {
        defer { effects.writes = [] }
        return effects.writes.map(\.number)
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

    /// The leader's first entry for a member that is `following`.
    static var firstAppend: Message {
        Message(
            type: .append, to: MemberID(1), from: MemberID(2), term: Term(2), logTerm: Term(1),
            index: LogIndex(3), commit: LogIndex(3),
            entries: [Entry(term: Term(2), index: LogIndex(4), data: [7])])
    }

    static func proposal(_ id: UInt64) -> NumberedProposal {
        NumberedProposal(id: id, data: [UInt8(truncatingIfNeeded: id)])
    }
}
