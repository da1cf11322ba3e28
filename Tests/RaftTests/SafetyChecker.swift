@testable import Raft
import Identifiers

/// Checks Raft's safety properties on a whole cluster (Raft paper, figure 3).
struct SafetyChecker {
    private struct Committed {
        var entry: Entry
        /// Term of the member that first reported it as committed.
        var term: Term
    }

    private var leaders: [UInt64: MemberID] = [:]
    private var known: [EntryID: (data: [UInt8], previous: Term)] = [:]
    /// Committed entries from index 1 on.
    private var committed: [Committed] = []
    private var commitIndexes: [MemberID: LogIndex] = [:]
    private(set) var violations: [String] = []

    /// Number of terms that had a leader.
    var leaderCount: Int {
        leaders.count
    }

    /// Greatest index committed by any member.
    var committedIndex: LogIndex {
        LogIndex(UInt64(committed.count))
    }

    /// Checks a member after a step.
    mutating func observe(_ machine: RaftMachine) {
        observeLeadership(of: machine)
        observeCommit(of: machine)
    }

    mutating func forget(_ member: MemberID) {
        commitIndexes[member] = nil
    }

    private mutating func observeLeadership(of machine: RaftMachine) {
        guard machine.isLeader else { return }
        if let other = leaders[machine.term.rawValue] {
            if other != machine.id {
                violations.append("two leaders in term \(machine.term.rawValue)")
            }
            return
        }
        leaders[machine.term.rawValue] = machine.id
        for index in committed.indices where committed[index].term < machine.term {
            let position = LogIndex(UInt64(index) + 1)
            if position < machine.firstIndex { continue }
            if machine.term(at: position) != committed[index].entry.term {
                violations.append(
                    "leader \(machine.id.rawValue) of term \(machine.term.rawValue) lacks "
                        + "committed entry \(position.rawValue)")
            }
        }
    }

    private mutating func observeCommit(of machine: RaftMachine) {
        let before = commitIndexes[machine.id] ?? .zero
        let now = machine.committedIndex
        if now < before { violations.append("a commit index decreased") }
        commitIndexes[machine.id] = now
        var index = max(before.next, machine.firstIndex)
        while index <= now {
            if let entry = machine.log.entry(at: index) {
                record(committed: entry, term: machine.term)
            }
            index = index.next
        }
    }

    private mutating func record(committed entry: Entry, term: Term) {
        let position = Int(entry.index.rawValue) - 1
        if position < committed.count {
            if committed[position].entry != entry {
                violations.append("entry \(entry.index.rawValue) was committed twice")
            }
        } else if position == committed.count {
            committed.append(Committed(entry: entry, term: term))
        } else {
            violations.append("entry \(entry.index.rawValue) was committed out of order")
        }
    }

    /// Log matching: entries with equal index and term are equal, and so are their predecessors.
    mutating func observe(written entries: [Entry], after machine: RaftMachine) {
        for entry in entries {
            guard let previous = machine.term(at: entry.index.previous) else { continue }
            if let other = known[entry.id] {
                if other.data != entry.data || other.previous != previous {
                    violations.append("entry \(entry.index.rawValue) has different contents")
                }
            } else {
                known[entry.id] = (entry.data, previous)
            }
        }
    }

    /// State-machine safety: applied entries are the committed ones.
    mutating func observe(applied entry: Entry) {
        let position = Int(entry.index.rawValue) - 1
        if position >= committed.count || committed[position].entry != entry {
            violations.append("applied entry \(entry.index.rawValue) is not the committed one")
        }
    }

    mutating func observe(installed snapshot: Snapshot) {
        let position = Int(snapshot.index.rawValue) - 1
        if position >= committed.count || committed[position].entry.term != snapshot.term {
            violations.append("a snapshot does not match the committed entries")
        }
    }

    mutating func report(_ violation: String) {
        violations.append(violation)
    }
}
