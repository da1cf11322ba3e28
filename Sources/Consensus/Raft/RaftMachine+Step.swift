import Identifiers

/// Messages from other members.
extension RaftMachine {
    /// Handles one message. An error only drops the message, except `brokenInvariant`, after which
    /// the member must stop.
    package mutating func step(_ message: Message) throws(StepError) {
        try check(message)
        guard admit(message) else { return }
        switch message.type {
        case .vote, .preVote:
            handleVoteRequest(message)
        default:
            switch role {
            case .follower: try stepAsFollower(message)
            case .preCandidate, .candidate: try stepAsCandidate(message)
            case .leader: try stepAsLeader(message)
            }
        }
    }

    // MARK: - Validation

    /// Rejects messages that no correct member sends, so that later arithmetic cannot overflow.
    private func check(_ message: Message) throws(StepError) {
        switch message.type {
        case .hup, .beat, .unreachable, .snapshotStatus, .checkQuorum, .forgetLeader,
            .storageAppend, .storageAppendResponse, .storageApply, .storageApplyResponse:
            throw .localMessage(message.type)
        case .appendResponse, .voteResponse, .heartbeatResponse, .readIndexResponse,
            .preVoteResponse:
            if configuration.position(of: message.from) == nil {
                throw .unknownMember(message.from)
            }
        case .propose, .readIndex, .append, .vote, .snapshot, .heartbeat, .transferLeader,
            .timeoutNow, .preVote:
            break
        }
        // A forwarded message keeps its original sender, which may be this member.
        let isTermless = message.type == .propose || message.type == .readIndex
        let isForwarded = isTermless || message.type == .transferLeader
        if message.from == .none || (message.from == id && !isForwarded) {
            throw .malformed("the sender is missing or is this member")
        }
        if !isTermless && message.term == .zero { throw .malformed("the term is missing") }
        let limit = LogIndex.limit
        if message.index >= limit || message.commit >= limit || message.rejectHint >= limit
            || message.term >= .limit
        {
            throw .malformed("an index or term is out of range")
        }
        if message.type == .append { try checkEntries(of: message) }
    }

    private func checkEntries(of message: Message) throws(StepError) {
        var previous = EntryID(term: message.logTerm, index: message.index)
        for entry in message.entries {
            guard entry.index == previous.index.next, entry.term >= previous.term else {
                throw .malformed("entries are not contiguous")
            }
            previous = entry.id
        }
        if previous.term > message.term { throw .malformed("an entry has a later term") }
    }

    // MARK: - Terms

    /// Compares the message's term with ours. Returns whether the message is handled further.
    private mutating func admit(_ message: Message) -> Bool {
        if message.term == .zero || message.term == term { return true }
        return message.term > term ? admitHigherTerm(message) : rejectLowerTerm(message)
    }

    private mutating func admitHigherTerm(_ message: Message) -> Bool {
        switch message.type {
        case .vote, .preVote:
            // Lease: a partitioned or removed member does not disrupt the leader.
            if message.context != Message.transferContext, isInLease() { return false }
            if message.type == .vote { becomeFollower(term: message.term, leader: nil) }
        case .preVoteResponse where !message.isRejected:
            // Granted for the term that this member asked for.
            break
        case .append, .heartbeat, .snapshot:
            becomeFollower(term: message.term, leader: message.from)
        default:
            becomeFollower(term: message.term, leader: nil)
        }
        return true
    }

    /// Sends our term to a sender of a lower term where it could not learn it otherwise: with
    /// check-quorum or pre-vote its vote requests would be ignored forever, or ours by it.
    private mutating func rejectLowerTerm(_ message: Message) -> Bool {
        switch message.type {
        case .heartbeat, .append:
            if raftConfiguration.checkQuorum || raftConfiguration.preVote {
                send(Message(type: .appendResponse, to: message.from, term: term))
            }
        case .preVote:
            send(
                Message(type: .preVoteResponse, to: message.from, term: term, isRejected: true))
        default:
            break
        }
        return false
    }

    // MARK: - Candidates

    private mutating func stepAsCandidate(_ message: Message) throws(StepError) {
        switch message.type {
        case .append, .heartbeat, .snapshot:
            becomeFollower(term: term, leader: message.from)
            try stepAsFollower(message)
        case .preVoteResponse where role == .preCandidate:
            handleVoteResponse(message)
        case .voteResponse where role != .preCandidate:
            handleVoteResponse(message)
        case .propose:
            throw .proposalDropped(.noLeader)
        default:
            break
        }
    }
}
