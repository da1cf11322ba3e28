/// Health of the local log disk: a member that cannot write neither leads nor votes.
///
/// A leader whose disk hangs could keep leading: its heartbeats and appends do not wait for its
/// disk, and the others commit without it. But it applies nothing, so it completes no requests and
/// renews no leases, and its proposals fill its memory. In etcd the loop that sends heartbeats
/// waits for the disk, so a hung disk ends leadership. Here the caller reports it.
///
/// While stalled, this member
/// - transfers leadership to the active voter with the greatest match index; if no transfer
///   completes within an election timeout, it steps down. It does not count itself as active in
///   check-quorum;
/// - does not campaign, not even on a leadership transfer, and aborts a campaign in progress;
/// - grants no vote, since it could not persist it, and no pre-vote, which announces a vote.
///
/// A single voter stays leader: no other member can be. Its local reads stay correct, see
/// `readsLocally`.
extension RaftMachine {
    /// Whether the caller reported that log writes make no progress.
    package var isLogStalled: Bool { stalledTicks != nil }

    /// Sets whether the log disk hangs.
    package mutating func setLogStalled(_ isStalled: Bool) {
        guard isStalled != isLogStalled else { return }
        stalledTicks = isStalled ? 0 : nil
        guard isStalled else { return }
        switch role {
        case .follower: break
        case .preCandidate, .candidate: becomeFollower(term: term, leader: nil)
        case .leader: transferToSuccessor()
        }
    }

    mutating func tickWhileStalled() {
        guard let ticks = stalledTicks?.advanced(by: 1) else { return }
        stalledTicks = ticks
        guard isLeader, hasOtherVoter else { return }
        if ticks >= raftConfiguration.electionTicks {
            becomeFollower(term: term, leader: nil)
        } else {
            transferToSuccessor()
        }
    }

    /// Whether another member could lead.
    private var hasOtherVoter: Bool {
        configuration.members.contains { $0.id != id && !$0.isLearner }
    }

    /// Whether this member counts itself as active in check-quorum.
    var isActive: Bool { !isLogStalled || !hasOtherVoter }

    private mutating func transferToSuccessor() {
        guard leadership?.transferTarget == nil, let position = successor else { return }
        beginTransfer(to: position)
    }

    /// The active voter with the greatest match index.
    private var successor: Int? {
        configuration.members.indices
            .filter {
                let member = configuration.members[$0]
                return member.id != id && member.isIncoming && member.progress.isRecentlyActive
            }
            .max {
                configuration.members[$0].progress.match < configuration.members[$1].progress.match
            }
    }
}
