import EtcdAPI
import Identifiers
import InitialMembers
import Membership
import StateMachine
import WriteAheadLog

/// `--force-new-cluster`: a member of a cluster that has lost its quorum becomes a cluster of one
/// member.
extension MemberBootstrap {
    /// Drops uncommitted entries, and commits changes that remove all other members.
    ///
    /// Entries that the database has applied count as committed: the commit index on disk lags.
    func forceNewCluster(
        _ contents: inout LogContents, _ log: WriteAheadLog, _ state: StateMachine,
        confState: RaftConfState
    ) throws {
        var hardState = contents.hardState
        hardState.commit = max(hardState.commit, state.appliedIndex.rawValue)
        hardState.term = max(hardState.term, 1)
        guard LogIndex(hardState.commit) < .limit, Term(hardState.term) < .limit else {
            throw BootstrapError(
                "the log is corrupt: its commit index \(hardState.commit) or its term "
                    + "\(hardState.term) is out of range")
        }
        dropUncommitted(&contents, commit: LogIndex(hardState.commit))
        let nodes = try ForcedMembership(
            confState, contents.entries.filter { LogIndex($0.index) > state.appliedIndex })
        var entries: [RaftEntry] = []
        for change in nodes.changes(keeping: state.membership.localID, in: state.membership) {
            hardState.commit += 1
            entries.append(
                RaftEntry(
                    type: .confChange, term: hardState.term, index: hardState.commit,
                    data: change.encoded()))
        }
        try log.append(entries: entries, hardState: hardState)
        try log.synchronize()
        contents.entries.append(contentsOf: entries)
        contents.hardState = hardState
    }

    private func dropUncommitted(_ contents: inout LogContents, commit: LogIndex) {
        let firstDropped = contents.entries.firstIndex { LogIndex($0.index) > commit }
        guard let first = firstDropped else { return }
        logger.info(
            "discarding uncommitted WAL entries",
            [
                "entry-index": .unsigned(contents.entries[first].index),
                "commit-index-from-wal": .unsigned(commit.rawValue),
                "number-of-discarded-entries": .number(contents.entries.count - first),
            ])
        contents.entries.removeSubrange(first...)
    }
}

/// The voters and learners once all committed entries are applied.
private struct ForcedMembership {
    private var voters: Set<MemberID>
    private var learners: Set<MemberID>

    init(_ confState: RaftConfState, _ entries: [RaftEntry]) throws {
        voters = Set((confState.voters + confState.votersOutgoing).map { MemberID($0) })
        learners = Set((confState.learners + confState.learnersNext).map { MemberID($0) })
        for entry in entries where entry.type == .confChange {
            try apply(RaftConfChange(decoding: entry.data))
        }
    }

    private mutating func apply(_ change: RaftConfChange) {
        let id = MemberID(change.nodeID)
        switch change.type {
        case .addNode:
            voters.insert(id)
            learners.remove(id)
        case .addLearnerNode:
            learners.insert(id)
        case .removeNode:
            voters.remove(id)
            learners.remove(id)
        default: break
        }
    }

    /// Makes this member a voter first if it is not one, since a cluster always needs a voter;
    /// then removes all others, ascending by ID.
    func changes(keeping local: MemberID, in membership: ClusterMembership) -> [RaftConfChange] {
        var changes: [RaftConfChange] = []
        if !voters.contains(local) {
            let isLearner = learners.contains(local)
            let member =
                membership[local] ?? Member(id: local, peerURLs: ["http://localhost:2380"])
            let context =
                isLearner
                ? MemberChangeContext(member: member, isPromotion: true).json : member.json
            changes.append(
                RaftConfChange(
                    type: .addNode, nodeID: local.rawValue, context: Array(context.utf8)))
        }
        for id in voters.union(learners).sorted() where id != local {
            changes.append(RaftConfChange(type: .removeNode, nodeID: id.rawValue))
        }
        return changes
    }
}
