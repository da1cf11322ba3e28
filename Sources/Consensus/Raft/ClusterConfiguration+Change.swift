import Identifiers

/// Configuration changes (Raft paper, section 6; dissertation, section 4.3). Each returns a new
/// configuration or throws, and leaves the old one unchanged.
extension ClusterConfiguration {
    /// Applies a committed change. New members start at `lastIndex`.
    func applying(
        _ change: ConfChangeV2, lastIndex: LogIndex
    ) throws(ConfChangeError) -> ClusterConfiguration {
        switch change.effect {
        case .leaveJoint: try leavingJoint()
        case .enterJoint(let autoLeave):
            try enteringJoint(change.changes, autoLeave: autoLeave, lastIndex: lastIndex)
        case .simple: try changingSimply(change.changes, lastIndex: lastIndex)
        }
    }

    /// Adds or removes one voter: old and new majorities always overlap.
    private func changingSimply(
        _ changes: [ConfChangeSingle], lastIndex: LogIndex
    ) throws(ConfChangeError) -> ClusterConfiguration {
        if isJoint { throw .alreadyJoint }
        var changed = self
        for change in changes {
            changed.perform(change, lastIndex: lastIndex)
        }
        try changed.checkHasVoters()
        let before = confState.voters
        let after = changed.confState.voters
        let difference =
            before.count { !after.contains($0) } + after.count { !before.contains($0) }
        if difference > 1 { throw .changesMoreThanOneVoter }
        return changed
    }

    private func enteringJoint(
        _ changes: [ConfChangeSingle], autoLeave: Bool, lastIndex: LogIndex
    ) throws(ConfChangeError) -> ClusterConfiguration {
        if isJoint { throw .alreadyJoint }
        try checkHasVoters()
        var changed = self
        changed.phase = .joint(autoLeave: autoLeave)
        for change in changes {
            changed.perform(change, lastIndex: lastIndex)
        }
        try changed.checkHasVoters()
        return changed
    }

    private func leavingJoint() throws(ConfChangeError) -> ClusterConfiguration {
        guard isJoint else { throw .notJoint }
        var changed = self
        changed.phase = .simple
        changed.members.removeAll { $0.role == .leavingVoter }
        for position in changed.members.indices {
            switch changed.members[position].role {
            case .joiningVoter: changed.members[position].role = .voter
            case .demotedVoter: changed.members[position].role = .learner
            case .learner, .voter, .leavingVoter: break
            }
        }
        return changed
    }

    private func checkHasVoters() throws(ConfChangeError) {
        if !members.contains(where: \.isIncoming) { throw .removesAllVoters }
    }

    private mutating func perform(_ change: ConfChangeSingle, lastIndex: LogIndex) {
        // etcd replaces a change that it rejects at apply time by one with node ID zero.
        if change.member == .none { return }
        switch change.type {
        case .addVoter: addVoter(change.member, lastIndex: lastIndex)
        case .addLearner: addLearner(change.member, lastIndex: lastIndex)
        case .remove: remove(change.member)
        case .update: break
        }
    }

    private mutating func addVoter(_ id: MemberID, lastIndex: LogIndex) {
        guard let position = position(of: id) else {
            insert(id, role: isJoint ? .joiningVoter : .voter, lastIndex: lastIndex)
            return
        }
        switch members[position].role {
        case .learner: members[position].role = isJoint ? .joiningVoter : .voter
        case .leavingVoter, .demotedVoter: members[position].role = .voter
        case .voter, .joiningVoter: break
        }
    }

    private mutating func addLearner(_ id: MemberID, lastIndex: LogIndex) {
        guard let position = position(of: id) else {
            insert(id, role: .learner, lastIndex: lastIndex)
            return
        }
        switch members[position].role {
        case .voter: members[position].role = isJoint ? .demotedVoter : .learner
        case .leavingVoter: members[position].role = .demotedVoter
        case .joiningVoter: members[position].role = .learner
        case .learner, .demotedVoter: break
        }
    }

    private mutating func remove(_ id: MemberID) {
        guard let position = position(of: id) else { return }
        switch members[position].role {
        case .voter where isJoint, .demotedVoter: members[position].role = .leavingVoter
        case .leavingVoter: break
        case .voter, .joiningVoter, .learner: members.remove(at: position)
        }
    }

    /// A new member counts as active, so that the leader does not step down before the member can
    /// respond.
    private mutating func insert(_ id: MemberID, role: Member.Role, lastIndex: LogIndex) {
        let progress = Progress(next: max(lastIndex, LogIndex(1)), isRecentlyActive: true)
        let position = members.firstIndex { $0.id > id } ?? members.count
        members.insert(Member(id: id, role: role, progress: progress), at: position)
    }

    /// The configuration of a snapshot or of the state restored at a restart; nil if inconsistent.
    init?(_ state: ConfState, lastIndex: LogIndex) {
        if !state.votersOutgoing.isEmpty {
            phase = .joint(autoLeave: state.autoLeave)
        }
        for id in state.voters {
            let isOld = !isJoint || state.votersOutgoing.contains(id)
            insert(id, role: isOld ? .voter : .joiningVoter, lastIndex: lastIndex)
        }
        for id in state.votersOutgoing where !state.voters.contains(id) {
            let isDemoted = state.learnersNext.contains(id)
            insert(id, role: isDemoted ? .demotedVoter : .leavingVoter, lastIndex: lastIndex)
        }
        for id in state.learners {
            insert(id, role: .learner, lastIndex: lastIndex)
        }
        let isOrdered = zip(members, members.dropFirst()).allSatisfy { $0.id < $1.id }
        let hasVoters = members.contains(where: \.isIncoming) || members.isEmpty
        let isNamed = members.first?.id != MemberID.none
        let isDemotionKnown = confState.learnersNext.count == state.learnersNext.count
        guard isOrdered, hasVoters, isNamed, isDemotionKnown else { return nil }
    }
}
