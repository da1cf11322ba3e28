/// Logical time.
extension RaftMachine {
    /// Advances the logical clock by one tick.
    package mutating func tick() {
        electionElapsed += 1
        tickWhileStalled()
        if isLeader {
            tickAsLeader()
        } else if electionElapsed >= electionTimeout, isPromotable {
            electionElapsed = 0
            campaign()
        }
    }

    /// Advances the election clock by several ticks, so that a member that starts while others are
    /// up need not wait for a whole election timeout. At least one tick remains: it does not
    /// campaign here.
    package mutating func advanceElection(ticks: Int) {
        guard !isLeader, ticks > 0 else { return }
        electionElapsed = max(electionElapsed, min(electionElapsed + ticks, electionTimeout - 1))
    }

    private mutating func tickAsLeader() {
        updateLeadership { $0.heartbeatElapsed += 1 }
        if electionElapsed >= raftConfiguration.electionTicks {
            electionElapsed = 0
            if raftConfiguration.checkQuorum { checkQuorum() }
            // A transfer that does not complete within an election timeout is aborted.
            abortTransfer()
        }
        let heartbeatTicks = raftConfiguration.heartbeatTicks
        updateLeadership { leadership in
            guard leadership.heartbeatElapsed >= heartbeatTicks else { return }
            leadership.heartbeatElapsed = 0
            leadership.isHeartbeatDue = true
        }
    }

    /// Steps down unless a quorum was active within the last election timeout, so that a leader
    /// without a quorum does not block clients (Raft dissertation, section 6.2).
    private mutating func checkQuorum() {
        let (own, isOwnActive) = (id, isActive)
        let result = configuration.voteResult {
            $0.id == own ? isOwnActive : $0.progress.isRecentlyActive
        }
        if result != .won {
            becomeFollower(term: term, leader: nil)
        }
        for position in configuration.members.indices {
            configuration.members[position].progress.isRecentlyActive = false
        }
    }
}
