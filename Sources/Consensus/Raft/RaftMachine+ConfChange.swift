/// Changes of membership take effect when they are applied, as in etcd.
extension RaftMachine {
    /// Applies a committed change of one member, the entry at `index`. Not called for a change
    /// that the application refuses.
    package mutating func applyConfChange(
        _ change: ConfChange, at index: LogIndex
    ) throws(ConfigurationError) -> ConfState {
        try applyConfChange(change.asV2, at: index)
    }

    /// Applies the committed change at `index` and returns the membership after it. An error
    /// means that the log holds a change which no leader takes: a broken invariant.
    ///
    /// A change that was handed out before a snapshot came, and is applied after it, changes only
    /// what is returned: the machine has the snapshot's membership already.
    package mutating func applyConfChange(
        _ change: ConfChangeV2, at index: LogIndex
    ) throws(ConfigurationError) -> ConfState {
        if var superseded, index <= superseded.until {
            superseded.configuration = try superseded.configuration.applying(
                change, lastIndex: log.lastIndex)
            self.superseded = superseded
            return superseded.configuration.confState
        }
        let wasAlone = configuration.members.count == 1
        configuration = try configuration.applying(change, lastIndex: log.lastIndex)
        if !wasAlone { noteWhatOthersMayKnow() }
        let own = configuration.position(of: id)
        let isVoter = own.map { !configuration.members[$0].isLearner } ?? false
        if isLeader, !isVoter, settings.stepsDownOnRemoval {
            becomeFollower(term: term, leader: nil)
        } else if let target = leadership?.transferTarget, !isVoterNow(target) {
            abortTransfer()
        }
        // A smaller quorum may hold more.
        advanceCommit()
        if isLeader { answerConfirmedReads() }
        return configuration.confState
    }

    /// Up to now others may have heard of any entry that this leader knows to be committed.
    private mutating func noteWhatOthersMayKnow() {
        if settings.mutation == .readsAloneAtOnce { return }
        let committed = log.committed
        updateLeadership { $0.aloneFrom = max($0.aloneFrom, committed) }
    }

    private func isVoterNow(_ member: MemberID) -> Bool {
        guard let position = configuration.position(of: member) else { return false }
        return !configuration.members[position].isLearner
    }

    /// The application has applied everything up to `index`: entries handed out, or a snapshot.
    package mutating func applied(to index: LogIndex) {
        log.applied(to: index)
        if let superseded, superseded.until <= index { self.superseded = nil }
        leaveJointIfDue()
    }

    /// Proposes to leave a joint configuration that leaves by itself, once it is applied.
    mutating func leaveJointIfDue() {
        guard let leadership, configuration.phase == .joint(autoLeave: true),
            leadership.pendingChange <= log.applied, leadership.transferTarget == nil
        else { return }
        appendOwn(type: .confChangeV2, data: ConfChangeV2.leaveJoint.encoded)
        let index = log.lastIndex
        updateLeadership { $0.pendingChange = index }
    }

    /// Lets go of entries up to and including `index`, as far as they are applied. Followers that
    /// need them get a snapshot.
    package mutating func compactLog(to index: LogIndex) {
        log.compact(to: index)
    }
}
