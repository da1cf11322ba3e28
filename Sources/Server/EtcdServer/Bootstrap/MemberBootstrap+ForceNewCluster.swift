import EtcdAPI
import Membership
import StateMachine
import WriteAheadLog

/// What is left of a cluster that has lost its quorum for good, as a cluster of one member.
extension MemberBootstrap {
    /// Drops what is not committed, and commits changes that remove everybody else.
    ///
    /// What the database has applied counts as committed: the commit index on disk lags behind.
    func forceNewCluster(
        _ contents: inout LogContents, _ log: WriteAheadLog, _ state: StateMachine,
        confState: RaftConfState
    ) throws {
        var hardState = contents.hardState
        hardState.commit = max(hardState.commit, state.appliedIndex)
        hardState.term = max(hardState.term, 1)
        dropUncommitted(&contents, commit: hardState.commit)
        let nodes = try ForcedMembership(
            confState, contents.entries.filter { $0.index > state.appliedIndex })
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

    private func dropUncommitted(_ contents: inout LogContents, commit: UInt64) {
        guard let first = contents.entries.firstIndex(where: { $0.index > commit }) else { return }
        logger.info(
            "discarding uncommitted WAL entries",
            [
                "entry-index": .unsigned(contents.entries[first].index),
                "commit-index-from-wal": .unsigned(commit),
                "number-of-discarded-entries": .number(contents.entries.count - first),
            ])
        contents.entries.removeSubrange(first...)
    }
}

/// Who is in the cluster once all that is committed is applied, for the consensus layer.
private struct ForcedMembership {
    private var voters: Set<UInt64>
    private var learners: Set<UInt64>

    init(_ confState: RaftConfState, _ entries: [RaftEntry]) throws {
        voters = Set(confState.voters + confState.votersOutgoing)
        learners = Set(confState.learners + confState.learnersNext)
        for entry in entries where entry.type == .confChange {
            try take(RaftConfChange(decoding: entry.data))
        }
    }

    private mutating func take(_ change: RaftConfChange) {
        switch change.type {
        case .addNode:
            voters.insert(change.nodeID)
            learners.remove(change.nodeID)
        case .addLearnerNode:
            learners.insert(change.nodeID)
        case .removeNode:
            voters.remove(change.nodeID)
            learners.remove(change.nodeID)
        default: break
        }
    }

    /// This member first becomes a voter, if it is none, since a cluster never is without one;
    /// then all others go, ascending.
    func changes(keeping local: MemberID, in membership: ClusterMembership) -> [RaftConfChange] {
        var changes: [RaftConfChange] = []
        if !voters.contains(local.rawValue) {
            let isLearner = learners.contains(local.rawValue)
            let member =
                membership[local] ?? Member(id: local, peerURLs: ["http://localhost:2380"])
            let context =
                isLearner
                ? MemberChangeContext(member: member, isPromotion: true).json : member.json
            changes.append(
                RaftConfChange(
                    type: .addNode, nodeID: local.rawValue, context: Array(context.utf8)))
        }
        for id in voters.union(learners).sorted() where id != local.rawValue {
            changes.append(RaftConfChange(type: .removeNode, nodeID: id))
        }
        return changes
    }
}
