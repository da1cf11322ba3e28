/// Changes of membership take effect when they are applied, as in etcd.
extension RaftMachine {
    /// Applies a committed change of one member. Not called for a change that the application
    /// refuses.
    package mutating func applyConfChange(
        _ change: ConfChange
    ) throws(ConfigurationError) -> ConfState {
        try applyConfChange(change.asV2)
    }

    /// Applies a committed change and returns the membership after it. An error means that the
    /// log holds a change which no leader takes: a broken invariant.
    package mutating func applyConfChange(
        _ change: ConfChangeV2
    ) throws(ConfigurationError) -> ConfState {
        configuration = try configuration.applying(change, lastIndex: log.lastIndex)
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

    private func isVoterNow(_ member: MemberID) -> Bool {
        guard let position = configuration.position(of: member) else { return false }
        return !configuration.members[position].isLearner
    }

    /// The application has applied everything up to `index`: entries handed out, or a snapshot.
    package mutating func applied(to index: LogIndex) {
        log.applied(to: index)
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
