/// A leader's view of answers and reports.
extension RaftMachine {
    mutating func stepAsLeader(_ message: Message) throws(StepError) {
        switch message.type {
        case .propose:
            try takeForwarded(message)
        case .readIndex:
            guard let entry = message.entries.first else {
                throw .malformed("a read request has no context")
            }
            addRead(ReadQueue.Request(origin: message.from, entry: entry))
        case .append, .heartbeat, .snapshot:
            throw .malformed("a second leader in one term")
        default:
            guard let position = configuration.position(of: message.from) else { return }
            try stepAsLeader(message, from: position)
        }
    }

    private mutating func stepAsLeader(
        _ message: Message, from position: Int
    ) throws(StepError) {
        switch message.type {
        case .appendResponse:
            if message.index > log.lastIndex && !message.isRejected {
                throw .malformed("an entry is acknowledged that was never sent")
            }
            configuration.members[position].progress.isRecentlyActive = true
            if message.isRejected {
                handleRejection(message, from: position)
            } else {
                handleAcknowledgement(message, from: position)
            }
        case .heartbeatResponse:
            handleHeartbeatResponse(message, from: position)
        case .transferLeader:
            beginTransfer(to: position)
        default:
            break
        }
    }

    /// Goes back to where the logs may agree: no entry of the follower at or before the hint has
    /// a term above the hint's, so all of ours that have are skipped (Raft paper, section 5.3).
    private mutating func handleRejection(_ message: Message, from position: Int) {
        var hint = message.rejectHint
        if message.logTerm > .zero {
            hint = log.agreementBound(index: hint, term: message.logTerm).index
        }
        if configuration.members[position].progress.reject(message.index, hint: hint) {
            configuration.members[position].progress.isProbeDue = true
        }
    }

    private mutating func handleAcknowledgement(_ message: Message, from position: Int) {
        let isNews = configuration.members[position].progress.acknowledge(message.index)
        let progress = configuration.members[position].progress
        switch progress.state {
        case .probe where isNews || progress.match == message.index:
            configuration.members[position].progress.becomeReplicate()
        case .snapshot where isNews && progress.match.next >= log.firstIndex:
            configuration.members[position].progress.becomeReplicate()
        case .probe, .snapshot, .replicate:
            break
        }
        if isNews {
            advanceCommit()
            continueTransfer(with: position)
        }
    }

    /// A follower that answers but lacks entries may have lost an append: an empty one finds out.
    private mutating func handleHeartbeatResponse(_ message: Message, from position: Int) {
        configuration.members[position].progress.isRecentlyActive = true
        configuration.members[position].progress.resumeProbe()
        let progress = configuration.members[position].progress
        if progress.match < log.lastIndex || progress.state == .probe(isPaused: false) {
            configuration.members[position].progress.isProbeDue = true
        }
        if let round = ReadQueue.round(context: message.context) {
            let confirmed = max(configuration.members[position].confirmedReads, round)
            configuration.members[position].confirmedReads = confirmed
            answerConfirmedReads()
        }
    }

    // MARK: - Reports of the transport

    /// Messages to this member get lost: it is probed until it answers.
    package mutating func reportUnreachable(_ member: MemberID) {
        guard isLeader, let position = configuration.position(of: member) else { return }
        if configuration.members[position].progress.state == .replicate {
            configuration.members[position].progress.becomeProbe()
        }
    }

    /// A snapshot was delivered to this member, or failed to be.
    ///
    /// After that the next probe waits for an answer: to the snapshot, or to a heartbeat.
    package mutating func reportSnapshot(to member: MemberID, isDelivered: Bool) {
        guard isLeader, let position = configuration.position(of: member),
            case .snapshot = configuration.members[position].progress.state
        else { return }
        if isDelivered {
            configuration.members[position].progress.becomeProbe()
        } else {
            configuration.members[position].progress.abandonSnapshot()
        }
        configuration.members[position].progress.pauseProbe()
    }
}
