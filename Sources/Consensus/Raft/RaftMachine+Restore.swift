package import Identifiers

/// State that a member reads from disk when it starts.
package struct RestoredState: Sendable {
    package var hardState: HardState
    /// The entry before the first of `entries`: a snapshot's last entry, or zero.
    package var compacted: EntryID
    package var entries: [Entry]
    /// Membership as of `applied`.
    package var confState: ConfState
    /// Applied index of the application's durable state.
    package var applied: LogIndex

    package init(
        hardState: HardState, compacted: EntryID, entries: [Entry], confState: ConfState,
        applied: LogIndex
    ) {
        self.hardState = hardState
        self.compacted = compacted
        self.entries = entries
        self.confState = confState
        self.applied = applied
    }

    /// A member that joins an existing cluster: its log is empty, and it waits for a leader.
    package static let empty = RestoredState(
        hardState: .initial, compacted: .zero, entries: [], confState: ConfState(), applied: .zero)
}

/// An initial member: its ID, and the application's context for its configuration change.
package struct InitialPeer: Sendable {
    package var id: MemberID
    package var context: [UInt8]

    package init(id: MemberID, context: [UInt8]) {
        self.id = id
        self.context = context
    }
}

extension RaftMachine {
    /// Restarts as a follower from durable state.
    ///
    /// The commit index is raised to `applied`: the application can be ahead of the commit index on
    /// disk, which is written without a sync.
    package init(
        _ raftConfiguration: RaftConfiguration, restoring state: RestoredState
    ) throws(RestoreError) {
        guard state.hardState.term < .limit else {
            throw .outOfRange(term: state.hardState.term, index: state.hardState.commit)
        }
        let log = try RaftLog(
            compacted: state.compacted, entries: state.entries,
            committed: max(state.hardState.commit, state.compacted.index), applied: state.applied)
        guard let configuration = ClusterConfiguration(state.confState, lastIndex: log.lastIndex)
        else { throw .invalidConfState }
        self.init(
            raftConfiguration: raftConfiguration, hardState: state.hardState, log: log,
            configuration: configuration)
    }

    /// Bootstraps a cluster: each initial member starts with the same log, one committed
    /// configuration change of term 1 for each initial member, ascending by ID.
    ///
    /// The first `Ready` has these entries to be written; once they are durable they are returned
    /// to be applied. This member campaigns only after they are applied.
    package init(_ raftConfiguration: RaftConfiguration, initialPeers: [InitialPeer]) {
        let ordered = initialPeers.sorted { $0.id < $1.id }
        var state = RestoredState.empty
        state.confState.voters = ordered.map(\.id)
        guard var machine = try? RaftMachine(raftConfiguration, restoring: state), !ordered.isEmpty
        else { preconditionFailure("initial peers have distinct IDs that are not zero") }
        machine.term = Term(1)
        for (position, peer) in ordered.enumerated() {
            let change = ConfChange(
                type: .addVoter, member: peer.id, context: peer.context)
            machine.log.append(
                Entry(
                    term: machine.term, index: LogIndex(UInt64(position) + 1), type: .confChange,
                    data: change.encoded))
        }
        machine.log.commit(to: machine.log.lastIndex)
        self = machine
    }
}
