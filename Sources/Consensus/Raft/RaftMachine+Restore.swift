/// What a member finds on its disk when it starts.
package struct RestoredState: Sendable {
    package var hardState: HardState
    /// The entry before the first of `entries`: a snapshot's position, or zero.
    package var compacted: EntryID
    package var entries: [Entry]
    /// Membership as of `applied`.
    package var confState: ConfState
    /// Up to where the application's durable state goes.
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

    /// A member that joins an existing cluster: it knows nothing, and waits for a leader.
    package static let empty = RestoredState(
        hardState: .initial, compacted: .zero, entries: [], confState: ConfState(), applied: .zero)
}

/// A founding member: its id, and the application's bytes for its change entry.
package struct FoundingMember: Sendable {
    package var id: MemberID
    package var context: [UInt8]

    package init(id: MemberID, context: [UInt8]) {
        self.id = id
        self.context = context
    }
}

extension RaftMachine {
    /// Continues from what is durable, as a follower.
    ///
    /// The commit index is raised to `applied`: the application can be ahead of the commit index
    /// on disk, which is written without waiting.
    package init(
        _ settings: RaftConfiguration, restoring state: RestoredState
    ) throws(RestoreError) {
        let log = try RaftLog(
            compacted: state.compacted, entries: state.entries,
            committed: max(state.hardState.commit, state.compacted.index), applied: state.applied)
        guard let configuration = Configuration(state.confState, lastIndex: log.lastIndex) else {
            throw .invalidConfState
        }
        self.init(
            settings: settings, hardState: state.hardState, log: log,
            configuration: configuration)
    }

    /// Founds a cluster: every founder starts with the same log, one committed change of
    /// membership of term 1 for each founder, ascending by id.
    ///
    /// The first `Ready` carries these entries to the disk; once they are durable they are handed
    /// out to be applied, and not before they are applied does this member campaign.
    package init(_ settings: RaftConfiguration, founders: [FoundingMember]) {
        let ordered = founders.sorted { $0.id < $1.id }
        var state = RestoredState.empty
        state.confState.voters = ordered.map(\.id)
        guard var founded = try? RaftMachine(settings, restoring: state), !ordered.isEmpty else {
            preconditionFailure("founders have distinct ids that are not zero")
        }
        founded.term = Term(1)
        for (position, founder) in ordered.enumerated() {
            let change = ConfChange(
                type: .addVoter, member: founder.id, context: founder.context)
            founded.log.append(
                Entry(
                    term: founded.term, index: LogIndex(UInt64(position) + 1), type: .confChange,
                    data: change.encoded))
        }
        founded.log.commit(to: founded.log.lastIndex)
        self = founded
    }
}
