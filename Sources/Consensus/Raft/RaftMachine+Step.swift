/// Messages from other members.
extension RaftMachine {
    /// Takes one message. An error costs the message only, except `brokenInvariant`, after which
    /// the member must stop.
    package mutating func step(_ message: Message) throws(StepError) {
        try check(message)
        guard admit(message) else { return }
        switch message.type {
        case .vote, .preVote:
            answerVote(message)
        default:
            switch role {
            case .follower: try stepAsFollower(message)
            case .preCandidate, .candidate: try stepAsCandidate(message)
            case .leader: try stepAsLeader(message)
            }
        }
    }

    // MARK: - Form

    /// Refuses what no correct member sends, so that nothing after this can overflow.
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
        // What is handed on keeps its first sender, who may be this member.
        let isTermless = message.type == .propose || message.type == .readIndex
        let isHandedOn = isTermless || message.type == .transferLeader
        if message.from == .none || (message.from == id && !isHandedOn) {
            throw .malformed("the sender is missing or is this member")
        }
        if !isTermless && message.term == .zero { throw .malformed("the term is missing") }
        let limit = LogIndex.limit
        if message.index >= limit || message.commit >= limit || message.rejectHint >= limit
            || message.term.rawValue >= limit.rawValue
        {
            throw .malformed("a position or term is out of range")
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
        if previous.term > message.term { throw .malformed("an entry is of a later term") }
    }

    // MARK: - Terms

    /// Brings terms in line. Returns whether the message is to be looked at further.
    private mutating func admit(_ message: Message) -> Bool {
        if message.term == .zero || message.term == term { return true }
        return message.term > term ? admitNewer(message) : answerOlder(message)
    }

    private mutating func admitNewer(_ message: Message) -> Bool {
        switch message.type {
        case .vote, .preVote:
            // Members that hear from a leader keep a cut-off or removed member from unseating it.
            if message.context != Message.transferContext, isInLease() { return false }
            if message.type == .vote { becomeFollower(term: message.term, leader: nil) }
        case .preVoteResponse where !message.isRejected:
            // Granted for the term this member asked to enter.
            break
        case .append, .heartbeat, .snapshot:
            becomeFollower(term: message.term, leader: message.from)
        default:
            becomeFollower(term: message.term, leader: nil)
        }
        return true
    }

    /// A sender of an older term learns of ours, where it could not otherwise: with check-quorum
    /// or pre-vote its vote requests would be ignored for good, or ours by it.
    private mutating func answerOlder(_ message: Message) -> Bool {
        switch message.type {
        case .heartbeat, .append:
            if settings.checkQuorum || settings.preVote {
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
