/// The passing of time.
extension RaftMachine {
    /// One unit of time has passed.
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

    /// Lets part of the election timeout pass at once. A member that starts among others that are
    /// up need not wait for all of it; a tick is left to it at least, and it does not campaign here.
    package mutating func advanceElection(ticks: Int) {
        guard !isLeader, ticks > 0 else { return }
        electionElapsed = max(electionElapsed, min(electionElapsed + ticks, electionTimeout - 1))
    }

    private mutating func tickAsLeader() {
        updateLeadership { $0.heartbeatElapsed += 1 }
        if electionElapsed >= settings.electionTicks {
            electionElapsed = 0
            if settings.checkQuorum { checkQuorum() }
            // A target that does not take over within an election timeout is given up.
            abortTransfer()
        }
        let heartbeatTicks = settings.heartbeatTicks
        updateLeadership { leadership in
            guard leadership.heartbeatElapsed >= heartbeatTicks else { return }
            leadership.heartbeatElapsed = 0
            leadership.isHeartbeatDue = true
        }
    }

    /// Steps down unless a quorum was heard within the last election timeout: whoever cannot
    /// reach a quorum must not keep others waiting (Raft dissertation, section 6.2).
    private mutating func checkQuorum() {
        let (own, isOwnActive) = (id, isActive)
        let result = configuration.result {
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
