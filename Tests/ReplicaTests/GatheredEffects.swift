import Raft

@testable import Replica

/// The effects of a replica by kind, for tests that look at some of them.
struct GatheredEffects {
    var writes: [LogWrite] = []
    var soleWrites: [WriteNumber] = []
    var messages: [Message] = []
    var installation: Snapshot?
    var committed: [Entry] = []
    var readable: [(index: UInt64, tickets: [ReadTicket])] = []
    var unreadable: [ReadTicket] = []
    var refused: [(id: UInt64, error: ProposalError)] = []
    var softState: SoftState?
    var releasedLog: LogIndex?

    mutating func removeAll() { self = GatheredEffects() }

    mutating func add(_ effects: [ReplicaEffect]) {
        for effect in effects { add(effect) }
    }

    private mutating func add(_ effect: ReplicaEffect) {
        switch effect {
        case .install(let snapshot): installation = snapshot
        case .commit(let entries): committed += entries
        case .write(let write, let isSole):
            writes.append(write)
            if isSole { soleWrites.append(write.number) }
        case .send(let some): messages += some
        case .sendSnapshot(let message): messages.append(message)
        case .role(let state): softState = state
        case .refuse(let id, let error): refused.append((id, error))
        case .readable(let index, let tickets): readable.append((index, tickets))
        case .unreadable(let tickets): unreadable += tickets
        case .releaseLog(let index): releasedLog = index
        }
    }
}

extension Replica {
    mutating func step(_ input: ReplicaInput, into effects: inout GatheredEffects) throws {
        var list: [ReplicaEffect] = []
        try step(input, into: &list)
        effects.add(list)
    }

    mutating func takeEffects(into effects: inout GatheredEffects) {
        var list: [ReplicaEffect] = []
        takeEffects(into: &list)
        effects.add(list)
    }
}
