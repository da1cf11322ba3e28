package import EtcdAPI
import Identifiers
package import Raft
package import StateMachine

/// Conversions between the machine's entries and those of the log's files. The data is shared, not
/// copied.
extension RaftEntry {
    package init(_ entry: Entry) {
        self.init(
            type: EntryType(rawValue: Int32(entry.type.rawValue)), term: entry.term.rawValue,
            index: entry.index.rawValue, data: entry.data)
    }
}

extension Entry {
    /// nil for a type that does not exist.
    package init?(_ entry: RaftEntry) {
        guard let raw = UInt8(exactly: entry.type.rawValue),
            let type = Raft.EntryType(rawValue: raw)
        else { return nil }
        self.init(
            term: Term(entry.term), index: LogIndex(entry.index), type: type, data: entry.data)
    }
}

extension RaftHardState {
    package init(_ state: HardState) {
        self.init(
            term: state.term.rawValue, vote: state.vote.rawValue, commit: state.commit.rawValue)
    }
}

extension HardState {
    package init(_ state: RaftHardState) {
        self.init(
            term: Term(state.term), vote: MemberID(state.vote), commit: LogIndex(state.commit))
    }
}

extension RaftConfState {
    package init(_ state: ConfState) {
        self.init(
            voters: state.voters.map(\.rawValue), learners: state.learners.map(\.rawValue),
            votersOutgoing: state.votersOutgoing.map(\.rawValue),
            learnersNext: state.learnersNext.map(\.rawValue), autoLeave: state.autoLeave)
    }
}

extension ConfState {
    package init(_ state: RaftConfState) {
        self.init(
            voters: state.voters.map { MemberID($0) }.sorted(),
            learners: state.learners.map { MemberID($0) }.sorted(),
            votersOutgoing: state.votersOutgoing.map { MemberID($0) }.sorted(),
            learnersNext: state.learnersNext.map { MemberID($0) }.sorted(),
            autoLeave: state.autoLeave)
    }
}

extension Snapshot {
    /// A snapshot as described in the message to another member.
    package init(_ request: SnapshotRequest) {
        self.init(
            index: request.index, term: request.term,
            confState: ConfState(request.confState), data: request.legacyTree)
    }
}
