package import Identifiers

/// Messages and transport reports that a leader handles.
extension RaftMachine {
    mutating func stepAsLeader(_ message: Message) throws(StepError) {
        switch message.type {
        case .propose:
            try handleForwardedProposal(message)
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

    /// Moves back to where the logs may match: no entry of the follower at or before the hint has a
    /// term above the hint's, so all of ours that have are skipped (Raft paper, section 5.3).
    private mutating func handleRejection(_ message: Message, from position: Int) {
        var hint = message.rejectHint
        if message.logTerm > .zero {
            hint = log.findConflictByTerm(index: hint, term: message.logTerm).index
        }
        if configuration.members[position].progress.reject(message.index, hint: hint) {
            configuration.members[position].progress.isProbeDue = true
        }
    }

    private mutating func handleAcknowledgement(_ message: Message, from position: Int) {
        let isUpdated = configuration.members[position].progress.acknowledge(message.index)
        let progress = configuration.members[position].progress
        switch progress.state {
        case .probe where isUpdated || progress.match == message.index:
            configuration.members[position].progress.becomeReplicate()
        case .snapshot where isUpdated && progress.match.next >= log.firstIndex:
            configuration.members[position].progress.becomeReplicate()
        case .probe, .snapshot, .replicate:
            break
        }
        if isUpdated {
            advanceCommit()
            continueTransfer(with: position)
        }
    }

    /// If a follower responds but lacks entries, an append may be lost: an empty one detects this.
    private mutating func handleHeartbeatResponse(_ message: Message, from position: Int) {
        configuration.members[position].progress.isRecentlyActive = true
        configuration.members[position].progress.resumeProbe()
        let progress = configuration.members[position].progress
        if progress.match < log.lastIndex || progress.state == .probe(isPaused: false) {
            configuration.members[position].progress.isProbeDue = true
        }
        if let number = ReadQueue.requestNumber(context: message.context) {
            let confirmed = max(configuration.members[position].confirmedReads, number)
            configuration.members[position].confirmedReads = confirmed
            respondToConfirmedReads()
        }
    }

    // MARK: - Reports of the transport

    /// Reports that messages to this member are lost: it is probed until it responds.
    package mutating func reportUnreachable(_ member: MemberID) {
        guard isLeader, let position = configuration.position(of: member) else { return }
        if configuration.members[position].progress.state == .replicate {
            configuration.members[position].progress.becomeProbe()
        }
    }

    /// Reports that sending a snapshot to this member has finished or failed.
    ///
    /// The next probe waits for a response to the snapshot or to a heartbeat.
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
