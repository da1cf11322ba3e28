package import EtcdAPI
import Identifiers
package import Raft

// Conversion between Raft's messages and their protobuf types. Data of entries is shared, not
// copied.

extension RaftEntry {
    init(_ entry: Raft.Entry) {
        self.init(
            type: EntryType(rawValue: Int32(entry.type.rawValue)), term: entry.term.rawValue,
            index: entry.index.rawValue, data: entry.data)
    }
}

extension Raft.Entry {
    /// nil for an unknown entry type.
    init?(_ entry: RaftEntry) {
        guard let raw = UInt8(exactly: entry.type.rawValue),
            let type = Raft.EntryType(rawValue: raw)
        else { return nil }
        self.init(
            term: Term(entry.term), index: LogIndex(entry.index), type: type, data: entry.data)
    }
}

extension RaftMessage {
    package init(_ message: Raft.Message) {
        self.init(
            type: MessageType(rawValue: Int32(message.type.rawValue)),
            to: message.to.rawValue, from: message.from.rawValue, term: message.term.rawValue,
            logTerm: message.logTerm.rawValue, index: message.index.rawValue,
            entries: message.entries.map { RaftEntry($0) }, commit: message.commit.rawValue,
            vote: message.vote.rawValue, snapshot: message.snapshot.map { RaftSnapshot($0) },
            reject: message.isRejected, rejectHint: message.rejectHint.rawValue,
            context: message.context)
    }
}

extension Raft.Message {
    /// nil for an unknown message type or entry type.
    package init?(_ message: RaftMessage) {
        guard let raw = UInt8(exactly: message.type.rawValue),
            let type = Raft.MessageType(rawValue: raw)
        else { return nil }
        var entries: [Raft.Entry] = []
        entries.reserveCapacity(message.entries.count)
        for entry in message.entries {
            guard let entry = Raft.Entry(entry) else { return nil }
            entries.append(entry)
        }
        self.init(
            type: type, to: MemberID(message.to), from: MemberID(message.from),
            term: Term(message.term), logTerm: Term(message.logTerm),
            index: LogIndex(message.index), commit: LogIndex(message.commit),
            isRejected: message.reject, rejectHint: LogIndex(message.rejectHint),
            vote: MemberID(message.vote), entries: entries, context: message.context,
            snapshot: message.snapshot.map { Raft.Snapshot($0) })
    }
}

extension RaftSnapshot {
    fileprivate init(_ snapshot: Raft.Snapshot) {
        let state = snapshot.confState
        let confState = RaftConfState(
            voters: state.voters.map(\.rawValue), learners: state.learners.map(\.rawValue),
            votersOutgoing: state.votersOutgoing.map(\.rawValue),
            learnersNext: state.learnersNext.map(\.rawValue), autoLeave: state.autoLeave)
        self.init(
            data: snapshot.data,
            metadata: RaftSnapshotMetadata(
                confState: confState, index: snapshot.index.rawValue,
                term: snapshot.term.rawValue))
    }
}

extension Raft.Snapshot {
    fileprivate init(_ snapshot: RaftSnapshot) {
        let state = snapshot.metadata.confState
        func ids(_ values: [UInt64]) -> [MemberID] { values.map { MemberID($0) }.sorted() }
        self.init(
            index: LogIndex(snapshot.metadata.index), term: Term(snapshot.metadata.term),
            confState: Raft.ConfState(
                voters: ids(state.voters), learners: ids(state.learners),
                votersOutgoing: ids(state.votersOutgoing), learnersNext: ids(state.learnersNext),
                autoLeave: state.autoLeave),
            data: snapshot.data)
    }
}
