import Raft
import StateMachine

@testable import Replica

/// What a replica wants done, sorted by kind for tests that do not ask for the order.
struct ReplicaEffects {
    /// All of it, in order.
    var all: [ReplicaEffect] = []
    var writes: [LogWrite] = []
    /// Those of the writes whose entries are committed by being durable.
    var singleVoterCommits: [WriteNumber] = []
    /// Snapshots among them.
    var messages: [Message] = []
    var installation: Snapshot?
    var committed: [Entry] = []
    var readable: [(index: UInt64, tickets: [ReadTicket])] = []
    var unreadable: [ReadTicket] = []
    var refused: [(id: UInt64, error: ProposalError)] = []
    var softState: SoftState?
    var releasedLog: LogIndex?

    mutating func removeAll() { self = ReplicaEffects() }

    fileprivate mutating func add(_ effects: [ReplicaEffect]) {
        all += effects
        for effect in effects {
            switch effect {
            case .install(let snapshot): installation = snapshot
            case .commit(let entries): committed += entries
            case .write(let write, let isSingleVoterCommit):
                writes.append(write)
                if isSingleVoterCommit { singleVoterCommits.append(write.number) }
            case .send(let sent): messages += sent
            case .sendSnapshot(let message): messages.append(message)
            case .role(let state): softState = state
            case .refuse(let id, let error): refused.append((id, error))
            case .readable(let index, let tickets): readable.append((index, tickets))
            case .unreadable(let tickets): unreadable += tickets
            case .releaseLog(let index): releasedLog = index
            }
        }
    }
}

extension Replica {
    mutating func step(
        _ input: ReplicaInput, into effects: inout ReplicaEffects
    ) throws(StepError) {
        var wanted: [ReplicaEffect] = []
        defer { effects.add(wanted) }
        try step(input, into: &wanted)
    }

    mutating func takeEffects(into effects: inout ReplicaEffects) {
        var wanted: [ReplicaEffect] = []
        takeEffects(into: &wanted)
        effects.add(wanted)
    }
}
