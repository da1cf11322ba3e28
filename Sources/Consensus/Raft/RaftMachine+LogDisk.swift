/// The health of the local log disk: a member that cannot write neither leads nor helps to elect.
///
/// A leader whose disk hangs could go on for long: its heartbeats and appends leave without its disk,
/// and the others commit without it. But it applies nothing any more, so it answers nobody and
/// renews no lease, and what it proposes fills its memory. In etcd the loop that sends heartbeats
/// waits for the disk, so a hung disk ends leadership. Here the caller reports it.
///
/// While stalled, this member
/// - hands leadership to the voter that is furthest and answers; if nobody has taken over within
///   an election timeout, it steps down. It does not count itself as active in check-quorum;
/// - does not campaign, not even when a leader asks it to, and gives up a campaign under way;
/// - grants no vote, as it could not persist it, and no pre-vote, which announces a vote.
///
/// A single voter stays leader: nobody else can be. Its local reads stay right, see `readsLocally`.
extension RaftMachine {
    /// Whether the caller said that the log writes nothing any more.
    package var isLogStalled: Bool { stalledTicks != nil }

    /// Sets whether the log disk hangs.
    package mutating func setLogStalled(_ isStalled: Bool) {
        guard isStalled != isLogStalled else { return }
        stalledTicks = isStalled ? 0 : nil
        guard isStalled else { return }
        switch role {
        case .follower: break
        case .preCandidate, .candidate: becomeFollower(term: term, leader: nil)
        case .leader: handOver()
        }
    }

    mutating func tickWhileStalled() {
        guard let ticks = stalledTicks?.advanced(by: 1) else { return }
        stalledTicks = ticks
        guard isLeader, hasOtherVoter else { return }
        if ticks >= settings.electionTicks {
            becomeFollower(term: term, leader: nil)
        } else {
            handOver()
        }
    }

    /// Whether anybody else could lead.
    private var hasOtherVoter: Bool {
        configuration.members.contains { $0.id != id && !$0.isLearner }
    }

    /// Whether this member counts in its own look at the quorum.
    var isActive: Bool { !isLogStalled || !hasOtherVoter }

    private mutating func handOver() {
        guard leadership?.transferTarget == nil, let position = successor else { return }
        beginTransfer(to: position)
    }

    /// The voter that needs least to have the whole log, of those that answer.
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
