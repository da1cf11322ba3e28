import Identifiers

/// Elections (Raft paper, section 5.2; dissertation, sections 4.2.3 and 9.6).
extension RaftMachine {
    /// Type of a campaign.
    enum Campaign {
        case preVote
        case election
        /// A leadership transfer: no pre-vote, and the others ignore the lease.
        case transfer
    }

    /// Whether this member may campaign at all: a voter that is not installing a snapshot.
    var isPromotable: Bool {
        guard let position = configuration.position(of: id) else { return false }
        return !configuration.members[position].isLearner && !log.isInstalling
    }

    /// Whether `campaign` would start an election now.
    package var canCampaign: Bool {
        !isLeader && isPromotable && !isLogStalled && !hasUnappliedConfChange
    }

    /// Starts an election without waiting for the timeout; does nothing if `canCampaign` is false.
    package mutating func campaign() {
        campaign(raftConfiguration.preVote ? .preVote : .election)
    }

    /// Whether a committed configuration change is not yet applied: until then this member could
    /// count votes in a configuration that is two changes old.
    private var hasUnappliedConfChange: Bool {
        var index = max(log.applied, log.compacted.index).next
        while index <= log.committed {
            if let entry = log.entry(at: index), entry.type != .normal { return true }
            index = index.next
        }
        return false
    }

    mutating func campaign(_ campaign: Campaign) {
        guard canCampaign else { return }
        switch campaign {
        case .preVote: becomePreCandidate()
        case .election, .transfer: becomeCandidate()
        }
        requestVotes(campaign)
        countVotes()
    }

    private mutating func becomePreCandidate() {
        for position in configuration.members.indices {
            configuration.members[position].grantedVote = nil
        }
        role = .preCandidate
        // A pre-vote is not persisted, so it counts at once.
        recordVote(of: id, isGranted: true)
    }

    private mutating func becomeCandidate() {
        reset(to: term.next)
        vote = id
        role = .candidate(ownVote: log.nextWrite)
    }

    private mutating func requestVotes(_ campaign: Campaign) {
        let isPreVote = role == .preCandidate
        let last = log.last
        for member in configuration.members where member.id != id && !member.isLearner {
            let request = Message(
                type: isPreVote ? .preVote : .vote, to: member.id,
                term: isPreVote ? term.next : term, logTerm: last.term, index: last.index,
                context: campaign == .transfer ? Message.transferContext : [])
            if isPreVote {
                send(request)
            } else {
                sendAfterWrite(request)
            }
        }
    }

    /// Counts this member's own vote once it is durable.
    mutating func countOwnVote(durableThrough number: WriteNumber) {
        guard case .candidate(let ownVote) = role, ownVote <= number else { return }
        recordVote(of: id, isGranted: true)
        countVotes()
    }

    private mutating func recordVote(of voter: MemberID, isGranted: Bool) {
        guard let position = configuration.position(of: voter),
            configuration.members[position].grantedVote == nil
        else { return }
        configuration.members[position].grantedVote = isGranted
    }

    mutating func handleVoteResponse(_ message: Message) {
        recordVote(of: message.from, isGranted: !message.isRejected)
        countVotes()
    }

    private mutating func countVotes() {
        switch (configuration.voteResult(\.grantedVote), role) {
        case (.won, .preCandidate): campaign(.election)
        case (.won, .candidate): becomeLeader()
        case (.lost, .preCandidate), (.lost, .candidate): becomeFollower(term: term, leader: nil)
        default: break
        }
    }

    mutating func becomeFollower(term: Term, leader: MemberID?) {
        reset(to: term)
        role = .follower(leader: leader)
    }

    private mutating func becomeLeader() {
        reset(to: term)
        // The unapplied entries may hold configuration changes of earlier terms, and entries that
        // were committed in earlier terms.
        role = .leader(
            Leadership(localReadIndex: log.lastIndex.next, pendingChange: log.lastIndex))
        // A leader learns the commit index by committing an entry of its own term (Raft paper,
        // section 5.4.2 and figure 8; section 8).
        appendOwn(type: .normal, data: [])
    }

    // MARK: - Voting

    /// Whether this member heard from a leader within the election timeout and ignores candidates.
    func isInLease() -> Bool {
        raftConfiguration.checkQuorum && leader != nil
            && electionElapsed < raftConfiguration.electionTicks
    }

    /// Handles a vote or pre-vote request of this term, or a pre-vote request of a later one.
    ///
    /// Learners vote too: one may have been promoted without knowing it yet. A member that cannot
    /// persist a vote sends no response, so that the candidate asks again.
    mutating func handleVoteRequest(_ request: Message) {
        if isLogStalled { return }
        let isPreVote = request.type == .preVote
        let canVote =
            vote == request.from
            || (vote == .none && leader == nil)
            || (isPreVote && request.term > term)
        let candidate = EntryID(term: request.logTerm, index: request.index)
        let type: MessageType = isPreVote ? .preVoteResponse : .voteResponse
        guard canVote, candidate.isAtLeastAsUpToDate(as: log.last) else {
            send(Message(type: type, to: request.from, term: term, isRejected: true))
            return
        }
        // The response has the request's term: for a pre-vote ours may be older and be ignored.
        let response = Message(type: type, to: request.from, term: request.term)
        if isPreVote {
            send(response)
        } else {
            electionElapsed = 0
            vote = request.from
            sendAfterWrite(response)
        }
    }
}
