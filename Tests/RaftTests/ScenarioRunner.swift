@testable import Raft
import Identifiers

/// Why a line of a scenario failed.
struct ScenarioError: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Runs the lines of a scenario on a cluster.
///
/// `M` is a member's ID, `A>B` sender and receiver of a message, `TYPE` a `MessageType`, `N` a
/// number.
///
///     set NAME N                a configuration value, before `cluster`
///     cluster M... [learners M...]   members with this membership and empty logs
///     bootstrap M...            initial members of a new cluster, with its first entries
///     join M                    a member with an empty state
///     log M TERM...             sets a member's durable log
///     term M N                  sets a member's term
///     tick M N | campaign M
///     propose M WORD... [fails REASON]
///     change M (add|learner|remove M)... | joint M auto|explicit ... | leave M [fails REASON]
///     read M N | transfer M TARGET [fails REASON]
///     ready M | disk M | apply M     takes a Ready, finishes one write, applies one entry
///     run M                     all of these until the member is idle; delivers no messages
///     settle                    runs all members and delivers all messages until all are idle
///     deliver TYPE A>B | drop TYPE A>B | drop all | repeat TYPE A>B
///     send TYPE A>B FIELD VALUE... [entries TERM...]   delivers this message
///     isolate M M... | heal     partitions the first from the others; ends all partitions
///     crash M [N] | restart M   the first N pending writes survive
///     compact M N | unreachable M M
///     hang M                    the disk finishes no more writes
///     stall M                   the same, and the stall is reported to the Raft machine
///     resume M                  the disk works again, which is reported to the Raft machine
///     expect ...                see `ScenarioRunner.expect`
struct ScenarioRunner {
    var cluster = TestCluster()
    private var values: [String: Int] = [:]

    mutating func perform(_ line: String) throws(ScenarioError) {
        let code = line.split(separator: "#", omittingEmptySubsequences: false).first ?? ""
        var words = Words(code)
        guard let command = words.next() else { return }
        switch command {
        case "set": values[try words.word()] = try words.number()
        case "cluster", "bootstrap", "join", "log", "term": try build(command, &words)
        case "tick", "campaign", "propose", "read", "transfer", "unreachable", "compact":
            try request(command, &words)
        case "change", "joint", "leave": try change(command, &words)
        case "ready", "disk", "apply", "run", "settle": try progress(command, &words)
        case "deliver", "drop", "repeat", "isolate", "heal", "send": try transmit(command, &words)
        case "crash", "restart": try fail(command, &words)
        case "hang", "stall", "resume": try disturbDisk(command, &words)
        case "expect": try expect(&words)
        default: throw ScenarioError("unknown command")
        }
        if !words.isEmpty { throw ScenarioError("unexpected words at the end") }
        if let violation = cluster.checker.violations.first { throw ScenarioError(violation) }
    }

    func position(_ id: MemberID) throws(ScenarioError) -> Int {
        guard let position = cluster.position(of: id) else { throw ScenarioError("no such member") }
        return position
    }

    // MARK: - Setup

    private func configuration(_ id: MemberID) -> RaftConfiguration {
        RaftConfiguration(
            id: id, electionTicks: values["election"] ?? 10,
            preVote: values["prevote"] == 1, checkQuorum: values["checkquorum"] == 1,
            stepsDownOnRemoval: values["stepdown"] == 1,
            messageBytesMax: values["message-bytes"] ?? 1 << 20,
            inflightMessagesMax: values["inflight-messages"] ?? 512,
            inflightBytesMax: values["inflight-bytes"] ?? 1 << 20,
            uncommittedBytesMax: values["uncommitted"] ?? 1 << 20,
            unstableBytesMax: values["unstable"] ?? 1 << 20,
            applyingBytesMax: values["applying"] ?? 1 << 20,
            seed: id.rawValue)
    }

    private mutating func build(_ command: String, _ words: inout Words) throws(ScenarioError) {
        switch command {
        case "cluster":
            var state = ConfState()
            state.voters = words.members()
            if words.skip("learners") { state.learners = words.members() }
            for id in state.voters + state.learners {
                var disk = TestDisk()
                disk.application.confState = state
                try add(id, disk)
            }
        case "bootstrap":
            let ids = words.members()
            let peers = ids.map { InitialPeer(id: $0, context: []) }
            cluster.members += ids.map { TestMember(configuration($0), initialPeers: peers) }
        case "join":
            try add(try words.member(), TestDisk())
        case "term":
            let position = try position(try words.member())
            cluster.members[position].disk.hardState = HardState(
                term: Term(UInt64(try words.number())))
            try restart(position)
        default:
            try setLog(&words)
        }
    }

    private mutating func add(_ id: MemberID, _ disk: TestDisk) throws(ScenarioError) {
        do {
            cluster.members.append(try TestMember(configuration(id), disk: disk))
        } catch {
            throw ScenarioError("\(error)")
        }
    }

    private mutating func setLog(_ words: inout Words) throws(ScenarioError) {
        let position = try position(try words.member())
        let terms = words.rest().compactMap { UInt64($0) }
        cluster.members[position].disk.entries = terms.enumerated().map { index, term in
            Entry(term: Term(term), index: LogIndex(UInt64(index) + 1), data: [])
        }
        cluster.members[position].disk.hardState.term = Term(terms.last ?? 0)
        try restart(position)
    }

    private mutating func restart(_ position: Int) throws(ScenarioError) {
        cluster.checker.forget(cluster.members[position].configuration.id)
        do {
            try cluster.members[position].restart()
        } catch {
            throw ScenarioError("\(error)")
        }
    }

    // MARK: - Requests

    private mutating func request(_ command: String, _ words: inout Words) throws(ScenarioError) {
        let position = try position(try words.member())
        switch command {
        case "tick":
            for _ in 0..<(try words.number()) { cluster.members[position].machine.tick() }
        case "campaign":
            cluster.members[position].machine.campaign()
        case "unreachable":
            cluster.members[position].machine.reportUnreachable(try words.member())
        case "compact":
            let index = LogIndex(UInt64(try words.number()))
            cluster.members[position].machine.compactLog(to: index)
            cluster.members[position].disk.application = cluster.members[position].application
            cluster.members[position].disk.compact(to: index)
        case "propose":
            let proposals = words.until("fails").map { Proposal(data: Array($0.utf8)) }
            try attempt(&words) { () throws(ProposalError) in
                try cluster.members[position].machine.propose(proposals)
            }
        case "read":
            let context = UInt64(try words.number())
            try attempt(&words) { () throws(ProposalError) in
                try cluster.members[position].machine.readIndex(context: context)
            }
        default:
            let target = try words.member()
            try attempt(&words) { () throws(ProposalError) in
                try cluster.members[position].machine.transferLeadership(to: target)
            }
        }
    }

    private mutating func change(_ command: String, _ words: inout Words) throws(ScenarioError) {
        let position = try position(try words.member())
        var change = ConfChangeV2.leaveJoint
        if command == "joint" {
            change.transition = try words.word() == "auto" ? .jointImplicit : .jointExplicit
        }
        for verb in ["add", "learner", "remove"] where command != "leave" {
            guard words.skip(verb) else { continue }
            let type: ConfChangeType =
                verb == "add" ? .addVoter : verb == "learner" ? .addLearner : .remove
            change.changes += words.members().map { ConfChangeSingle(type: type, member: $0) }
        }
        let single = change.changes.first
        try attempt(&words) { () throws(ProposalError) in
            if command == "change", let single {
                try cluster.members[position].machine.proposeConfChange(
                    ConfChange(type: single.type, member: single.member))
            } else {
                try cluster.members[position].machine.proposeConfChange(change)
            }
        }
    }

    /// Runs a request, which must fail if and only if the line expects it.
    private func attempt(
        _ words: inout Words, _ body: () throws(ProposalError) -> Void
    ) throws(ScenarioError) {
        let expected = words.skip("fails") ? try words.word() : nil
        do throws(ProposalError) {
            try body()
        } catch {
            if "\(error)" == expected { return }
            throw ScenarioError("failed with \(error)")
        }
        if expected != nil { throw ScenarioError("did not fail") }
    }

    // MARK: - Progress and faults

    private mutating func progress(_ command: String, _ words: inout Words) throws(ScenarioError) {
        if command == "settle" {
            cluster.settle()
            return
        }
        let position = try position(try words.member())
        switch command {
        case "ready": cluster.takeReady(of: position)
        case "disk": cluster.finishWrite(of: position)
        case "apply": cluster.apply(at: position)
        default: cluster.runAlone(position)
        }
    }

    private mutating func transmit(_ command: String, _ words: inout Words) throws(ScenarioError) {
        switch command {
        case "heal":
            cluster.partitions = []
        case "send":
            try send(&words)
        case "isolate":
            let ids = words.members()
            for other in ids.dropFirst() { cluster.partitions.insert([ids[0], other]) }
        case "drop":
            if words.skip("all") {
                cluster.network = []
                return
            }
            let pattern = try words.pattern()
            cluster.network.removeAll { pattern.matches($0) }
        default:
            let pattern = try words.pattern()
            guard let index = cluster.network.firstIndex(where: { pattern.matches($0) }) else {
                throw ScenarioError("no such message is in transit")
            }
            let message = cluster.network[index]
            if command == "deliver" { cluster.network.remove(at: index) }
            cluster.deliver(message)
        }
    }

    private mutating func send(_ words: inout Words) throws(ScenarioError) {
        let pattern = try words.pattern()
        var message = Message(type: pattern.type, to: pattern.to, from: pattern.from)
        while let field = words.next() {
            if field == "entries" {
                message.entries = words.rest().compactMap { UInt64($0) }.enumerated().map {
                    Entry(term: Term($1), index: message.index + ($0 + 1), data: [])
                }
                continue
            }
            let value = UInt64(try words.number())
            switch field {
            case "term": message.term = Term(value)
            case "logTerm": message.logTerm = Term(value)
            case "index": message.index = LogIndex(value)
            case "commit": message.commit = LogIndex(value)
            default: throw ScenarioError("unknown field \(field)")
            }
        }
        cluster.deliver(message)
    }

    private mutating func disturbDisk(
        _ command: String, _ words: inout Words
    ) throws(ScenarioError) {
        let position = try position(try words.member())
        cluster.members[position].isDiskHung = command != "resume"
        guard command != "hang" else { return }
        cluster.members[position].machine.setLogStalled(command == "stall")
    }

    private mutating func fail(_ command: String, _ words: inout Words) throws(ScenarioError) {
        let position = try position(try words.member())
        if command == "crash" {
            let kept = words.isEmpty ? 0 : try words.number()
            cluster.members[position].crash(keeping: kept, tornEntries: 0)
        } else {
            try restart(position)
        }
    }
}
