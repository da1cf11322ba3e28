@testable import Raft

/// Expectations of a scenario.
///
///     expect M leader|follower|candidate|preCandidate
///     expect M follows M|none
///     expect M term N | commit N | applied N | last N | first N | vote N
///     expect M log TERM...             terms of all entries kept
///     expect M holds WORD...           data of all entries that have data, conf changes aside
///     expect M readsLocally yes|no
///     expect M reads CONTEXT@INDEX...  read states since the last expectation
///     expect M conf voters M... [learners M...] [outgoing M...] [next M...] [auto]
///     expect M progress M probe|replicate|snapshot MATCH NEXT
///     expect sent N TYPE A>B           number of messages in transit
///     expect first TYPE A>B FIELD VALUE...   fields of the oldest of them
extension ScenarioRunner {
    mutating func expect(_ words: inout Words) throws(ScenarioError) {
        if words.skip("sent") {
            let count = try words.number()
            let pattern = try words.pattern()
            try require(cluster.network.count { pattern.matches($0) }, count)
        } else if words.skip("first") {
            try expectMessage(&words)
        } else {
            try expectMember(&words)
        }
    }

    private func require<Value: Equatable>(
        _ found: Value, _ expected: Value
    ) throws(ScenarioError) {
        if found != expected { throw ScenarioError("found \(found), expected \(expected)") }
    }

    private mutating func expectMember(_ words: inout Words) throws(ScenarioError) {
        let position = try position(try words.member())
        let machine = cluster.members[position].machine
        let what = try words.word()
        switch what {
        case "leader", "follower", "candidate", "preCandidate":
            try require(machine.roleName.rawValue, what)
        case "follows":
            let leader = words.skip("none") ? nil : try words.member()
            try require(machine.leader, leader)
        case "term": try require(machine.term.rawValue, UInt64(try words.number()))
        case "vote": try require(machine.status.vote.rawValue, UInt64(try words.number()))
        case "commit": try require(machine.committedIndex.rawValue, UInt64(try words.number()))
        case "applied": try require(machine.appliedIndex.rawValue, UInt64(try words.number()))
        case "last": try require(machine.lastIndex.rawValue, UInt64(try words.number()))
        case "first": try require(machine.firstIndex.rawValue, UInt64(try words.number()))
        case "log":
            try require(entries(of: machine).map { "\($0.term.rawValue)" }, words.rest())
        case "holds":
            let data = entries(of: machine).filter { $0.type == .normal && !$0.data.isEmpty }
            try require(data.map { String(decoding: $0.data, as: UTF8.self) }, words.rest())
        case "readsLocally": try require(machine.readsLocally ? "yes" : "no", try words.word())
        case "reads":
            let reads = cluster.members[position].reads
            cluster.members[position].reads = []
            try require(reads.map { "\($0.context)@\($0.index.rawValue)" }, words.rest())
        case "conf": try expectConfState(machine, &words)
        case "progress": try expectProgress(machine, &words)
        default: throw ScenarioError("unknown expectation")
        }
    }

    private func entries(of machine: RaftMachine) -> [Entry] {
        machine.entries(from: machine.firstIndex, through: machine.lastIndex, bytesMax: .max)
    }

    private func expectConfState(
        _ machine: RaftMachine, _ words: inout Words
    ) throws(ScenarioError) {
        var expected = ConfState()
        if words.skip("voters") { expected.voters = words.members() }
        if words.skip("learners") { expected.learners = words.members() }
        if words.skip("outgoing") { expected.votersOutgoing = words.members() }
        if words.skip("next") { expected.learnersNext = words.members() }
        expected.autoLeave = words.skip("auto")
        try require(machine.confState, expected)
    }

    private func expectProgress(
        _ machine: RaftMachine, _ words: inout Words
    ) throws(ScenarioError) {
        let id = try words.member()
        guard let member = machine.status.members.first(where: { $0.id == id }) else {
            throw ScenarioError("no progress of this member")
        }
        let state =
            switch member.replication {
            case .probe: "probe"
            case .replicate: "replicate"
            case .snapshot: "snapshot"
            }
        try require(
            [state, "\(member.match.rawValue)", "\(member.next.rawValue)"], words.rest())
    }

    private func expectMessage(_ words: inout Words) throws(ScenarioError) {
        let pattern = try words.pattern()
        guard let message = cluster.network.first(where: { pattern.matches($0) }) else {
            throw ScenarioError("no such message is in transit")
        }
        while let field = words.next() {
            switch field {
            case "rejected": try require(message.isRejected, true)
            case "accepted": try require(message.isRejected, false)
            case "index": try require(message.index.rawValue, UInt64(try words.number()))
            case "term": try require(message.term.rawValue, UInt64(try words.number()))
            case "logTerm": try require(message.logTerm.rawValue, UInt64(try words.number()))
            case "commit": try require(message.commit.rawValue, UInt64(try words.number()))
            case "hint": try require(message.rejectHint.rawValue, UInt64(try words.number()))
            case "entries": try require(message.entries.count, try words.number())
            case "context": try require(message.context.map { "\($0)" }, words.rest())
            default: throw ScenarioError("unknown field \(field)")
            }
        }
    }
}
