import EtcdAPI

/// Voters and learners after a ConfChangeV2, by Raft's rules for joint configurations.
///
/// etcd proposes changes of one member only, so its logs never contain a ConfChangeV2. One in the
/// log is applied all the same, since the stored ConfState must equal Raft's.
extension RaftConfState {
    /// Whether two majorities are needed.
    var isJoint: Bool { !votersOutgoing.isEmpty }

    /// The ConfState after a change. Raft itself rejects an invalid change and stops.
    func applying(_ change: RaftConfChangeV2) -> RaftConfState {
        var next = self
        if change.transition == .auto, change.changes.isEmpty {
            next.learners = Self.union(learners, learnersNext)
            next.learnersNext = []
            next.votersOutgoing = []
            next.autoLeave = false
            return next
        }
        if change.transition != .auto || change.changes.count > 1 {
            next.votersOutgoing = voters
            next.autoLeave = change.transition != .jointExplicit
        }
        for single in change.changes where single.nodeID != 0 { next.apply(single) }
        return next
    }

    private mutating func apply(_ change: RaftConfChangeV2.Change) {
        let id = change.nodeID
        switch change.type {
        case .addNode:
            remove(id)
            voters = Self.union(voters, [id])
        case .addLearnerNode:
            guard !learners.contains(id), !learnersNext.contains(id) else { return }
            remove(id)
            // A voter of the outgoing configuration cannot be a learner at the same time.
            if votersOutgoing.contains(id) {
                learnersNext = Self.union(learnersNext, [id])
            } else {
                learners = Self.union(learners, [id])
            }
        case .removeNode: remove(id)
        default: break
        }
    }

    private mutating func remove(_ id: UInt64) {
        voters.removeAll { $0 == id }
        learners.removeAll { $0 == id }
        learnersNext.removeAll { $0 == id }
    }

    private static func union(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
        Set(left).union(right).sorted()
    }
}
