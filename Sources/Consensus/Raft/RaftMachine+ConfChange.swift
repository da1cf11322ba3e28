package import Identifiers

/// Configuration changes take effect when they are applied, as in etcd.
extension RaftMachine {
    /// Applies the committed configuration change at `index`. Not called for a change that the
    /// application rejects.
    package mutating func applyConfChange(
        _ change: ConfChange, at index: LogIndex
    ) throws(ConfChangeError) -> ConfState {
        try applyConfChange(change.asV2, at: index)
    }

    /// Applies the committed change at `index` and returns the membership after it. An error means
    /// that the log holds a change which no leader accepts: a broken invariant.
    ///
    /// A change that was returned before a snapshot arrived, and is applied after it, changes only
    /// the return value: the Raft machine already has the snapshot's membership.
    package mutating func applyConfChange(
        _ change: ConfChangeV2, at index: LogIndex
    ) throws(ConfChangeError) -> ConfState {
        if var superseded, index <= superseded.until {
            superseded.configuration = try superseded.configuration.applying(
                change, lastIndex: log.lastIndex)
            self.superseded = superseded
            return superseded.configuration.confState
        }
        let wasOnlyMember = configuration.members.count == 1
        configuration = try configuration.applying(change, lastIndex: log.lastIndex)
        if !wasOnlyMember { raiseLocalReadIndex() }
        let own = configuration.position(of: id)
        let isVoter = own.map { !configuration.members[$0].isLearner } ?? false
        if isLeader, !isVoter, raftConfiguration.stepsDownOnRemoval {
            becomeFollower(term: term, leader: nil)
        } else if let target = leadership?.transferTarget, !isVoterNow(target) {
            abortTransfer()
        }
        // A smaller quorum may commit more.
        advanceCommit()
        if isLeader { respondToConfirmedReads() }
        return configuration.confState
    }

    /// Other members may have applied any entry that this leader has committed so far.
    private mutating func raiseLocalReadIndex() {
        if raftConfiguration.mutation == .ignoresLocalReadIndex { return }
        let committed = log.committed
        updateLeadership { $0.localReadIndex = max($0.localReadIndex, committed) }
    }

    private func isVoterNow(_ member: MemberID) -> Bool {
        guard let position = configuration.position(of: member) else { return false }
        return !configuration.members[position].isLearner
    }

    /// Records that the application has applied everything through `index`: entries or a snapshot.
    package mutating func applied(to index: LogIndex) {
        log.applied(to: index)
        if let superseded, superseded.until <= index { self.superseded = nil }
        leaveJointIfDue()
    }

    /// Proposes to leave a joint configuration with auto-leave, once it is applied.
    mutating func leaveJointIfDue() {
        guard let leadership, configuration.phase == .joint(autoLeave: true),
            leadership.pendingChange <= log.applied, leadership.transferTarget == nil
        else { return }
        appendOwn(type: .confChangeV2, data: ConfChangeV2.leaveJoint.encoded)
        let index = log.lastIndex
        updateLeadership { $0.pendingChange = index }
    }

    /// Removes applied entries through `index`. Followers that need them get a snapshot.
    package mutating func compactLog(to index: LogIndex) {
        log.compact(to: index)
    }
}
