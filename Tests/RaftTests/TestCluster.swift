@testable import Raft
import Identifiers

/// A cluster in one process: members, the messages between them, and the safety checker.
struct TestCluster {
    var members: [TestMember] = []
    /// Messages in transit, in the order they were sent.
    var network: [Message] = []
    /// Pairs of members that cannot exchange messages.
    var partitions: Set<[MemberID]> = []
    var checker = SafetyChecker()
    /// Number of snapshots installed.
    private(set) var snapshotCount = 0
    private var readyBuffer = Ready()

    func position(of id: MemberID) -> Int? {
        members.firstIndex { $0.configuration.id == id }
    }

    func isPartitioned(_ message: Message) -> Bool {
        partitions.contains([message.from, message.to])
            || partitions.contains([message.to, message.from])
    }

    /// Takes a member's `Ready` and queues its writes, messages and committed entries.
    mutating func takeReady(of position: Int) {
        guard members[position].isUp else { return }
        members[position].machine.takeReady(into: &readyBuffer)
        let machine = members[position].machine
        checker.observe(machine)
        if let write = readyBuffer.write {
            checker.observe(written: write.entries, after: machine)
            members[position].writes.append(write)
        }
        network.append(
            contentsOf: readyBuffer.messages.compactMap { withCurrentSnapshot($0, position) })
        members[position].tasks += readyBuffer.committed.map { .entry($0) }
        members[position].reads += readyBuffer.readStates
    }

    /// A snapshot message is sent with the application's state at the time of sending.
    private func withCurrentSnapshot(_ message: Message, _ position: Int) -> Message? {
        guard message.type == .snapshot else { return message }
        let application = members[position].application
        guard let term = members[position].machine.term(at: application.applied) else { return nil }
        var message = message
        message.snapshot = Snapshot(
            index: application.applied, term: term, confState: application.confState)
        return message
    }

    /// Finishes the oldest write of a member.
    mutating func finishWrite(of position: Int) {
        guard members[position].hasFinishableWrite else { return }
        let write = members[position].writes.removeFirst()
        members[position].disk.perform(write)
        network.append(contentsOf: write.messagesAfter)
        members[position].machine.persisted(through: write.number)
        if let snapshot = write.snapshot {
            members[position].tasks.append(.snapshot(snapshot))
        }
        checker.observe(members[position].machine)
    }

    /// Applies one entry or snapshot at a member.
    mutating func apply(at position: Int) {
        guard members[position].isUp, !members[position].tasks.isEmpty else { return }
        switch members[position].tasks.removeFirst() {
        case .entry(let entry):
            checker.observe(applied: entry)
            if let state = applyChange(entry, at: position) {
                members[position].application.confState = state
            }
            members[position].application.applied = entry.index
        case .snapshot(let snapshot):
            snapshotCount += 1
            checker.observe(installed: snapshot)
            members[position].application = TestApplication(
                applied: snapshot.index, confState: snapshot.confState)
        }
        members[position].machine.applied(to: members[position].application.applied)
    }

    private mutating func applyChange(_ entry: Entry, at position: Int) -> ConfState? {
        let change: ConfChangeV2?
        switch entry.type {
        case .normal: return nil
        case .confChange: change = ConfChange(decoding: entry.data)?.asV2
        case .confChangeV2: change = ConfChangeV2(decoding: entry.data)
        }
        guard let change else {
            checker.report("a committed change cannot be decoded")
            return nil
        }
        do {
            return try members[position].machine.applyConfChange(change, at: entry.index)
        } catch {
            checker.report("a committed change cannot be applied: \(error)")
            return nil
        }
    }

    /// Delivers one message, unless its receiver is down or partitioned.
    mutating func deliver(_ message: Message) {
        guard let position = position(of: message.to), members[position].isUp,
            !isPartitioned(message)
        else {
            lose(message)
            return
        }
        do {
            try members[position].machine.step(message)
        } catch .brokenInvariant(let rule) {
            checker.report(rule)
        } catch .malformed(let rule) {
            checker.report("malformed: \(rule)")
        } catch {
            // A dropped proposal or a response from a removed member: expected.
        }
        if message.type == .snapshot { reportSnapshot(message, isDelivered: true) }
        checker.observe(members[position].machine)
    }

    /// Loses one message; the sender's transport reports a failed snapshot.
    mutating func lose(_ message: Message) {
        if message.type == .snapshot { reportSnapshot(message, isDelivered: false) }
    }

    private mutating func reportSnapshot(_ message: Message, isDelivered: Bool) {
        guard let sender = position(of: message.from), members[sender].isUp else { return }
        members[sender].machine.reportSnapshot(to: message.to, isDelivered: isDelivered)
    }

    /// Takes a member's outputs and processes them. Returns whether there was anything to do.
    private mutating func runOnce(_ position: Int) -> Bool {
        takeReady(of: position)
        let hasWork = members[position].hasFinishableWrite || !members[position].tasks.isEmpty
        while members[position].hasFinishableWrite { finishWrite(of: position) }
        while !members[position].tasks.isEmpty { apply(at: position) }
        return hasWork
    }

    /// Runs one member until it is idle; its messages stay in transit.
    mutating func runAlone(_ position: Int) {
        while members[position].isUp, runOnce(position) {}
    }

    /// Runs all members and delivers all messages until idle, without ticks.
    mutating func settle(iterationsMax: Int = 10_000) {
        for _ in 0..<iterationsMax {
            var isBusy = false
            for position in members.indices where members[position].isUp {
                isBusy = runOnce(position) || isBusy
            }
            if network.isEmpty && !isBusy { return }
            let messages = network
            network = []
            for message in messages { deliver(message) }
        }
        checker.report("the cluster does not become idle")
    }
}
