package import Identifiers

/// Leadership transfer (Raft dissertation, section 3.10).
extension RaftMachine {
    /// Starts a leadership transfer to a voter. While it lasts, at most one election timeout, this
    /// leader rejects proposals. A follower forwards the request.
    package mutating func transferLeadership(to target: MemberID) throws(ProposalError) {
        switch role {
        case .leader:
            guard let position = configuration.position(of: target) else { throw .notMember }
            beginTransfer(to: position)
        case .follower(let leader?):
            messages.append(
                Message(type: .transferLeader, to: leader, from: target, term: term))
        case .follower, .preCandidate, .candidate:
            throw .noLeader
        }
    }

    mutating func beginTransfer(to position: Int) {
        let target = configuration.members[position].id
        guard let leadership, target != id, !configuration.members[position].isLearner,
            leadership.transferTarget != target
        else { return }
        electionElapsed = 0
        updateLeadership { $0.transferTarget = target }
        configuration.members[position].progress.isProbeDue = true
        continueTransfer(with: position)
    }

    /// Sends timeoutNow to the target once it holds the whole log.
    mutating func continueTransfer(with position: Int) {
        let member = configuration.members[position]
        guard leadership?.transferTarget == member.id, member.progress.match == log.lastIndex
        else { return }
        send(Message(type: .timeoutNow, to: member.id, term: term))
    }

    /// Whether this member leads and a leadership transfer is in progress.
    package var isTransferring: Bool { leadership?.transferTarget != nil }

    mutating func abortTransfer() {
        guard leadership?.transferTarget != nil else { return }
        updateLeadership { $0.transferTarget = nil }
        leaveJointIfDue()
    }
}
