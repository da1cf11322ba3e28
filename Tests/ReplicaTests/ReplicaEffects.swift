import Identifiers
import Raft
import StateMachine

@testable import Replica

/// A replica's effects, sorted by kind for tests that do not check the order.
struct ReplicaEffects {
    /// All effects, in order.
    var all: [ReplicaEffect] = []
    var writes: [LogWrite] = []
    /// The writes whose entries are committed by being durable.
    var singleVoterCommits: [WriteNumber] = []
    /// Includes snapshots.
    var messages: [Message] = []
    var installation: Snapshot?
    var committed: [Entry] = []
    var readable: [(index: LogIndex, requests: [ReadRequestID])] = []
    var unreadable: [ReadRequestID] = []
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
            case .readable(let index, let requests): readable.append((index, requests))
            case .unreadable(let requests): unreadable += requests
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
