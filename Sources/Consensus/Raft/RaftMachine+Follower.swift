import Identifiers

/// Messages that a follower handles (Raft paper, section 5.3).
extension RaftMachine {
    mutating func stepAsFollower(_ message: Message) throws(StepError) {
        switch message.type {
        case .append:
            follow(message.from)
            try handleAppend(message)
        case .heartbeat:
            follow(message.from)
            try handleHeartbeat(message)
        case .snapshot:
            follow(message.from)
            try handleSnapshot(message)
        case .propose:
            guard let leader, raftConfiguration.forwardsProposals else {
                throw .proposalDropped(.noLeader)
            }
            forward(message, to: leader)
        case .readIndex, .transferLeader:
            guard let leader else { return }
            forward(message, to: leader)
        case .timeoutNow:
            campaign(.transfer)
        case .readIndexResponse:
            handleReadIndexResponse(message)
        default:
            break
        }
    }

    private mutating func follow(_ leader: MemberID) {
        electionElapsed = 0
        role = .follower(leader: leader)
    }

    /// Forwards a message with its original sender, so that the response goes there.
    private mutating func forward(_ message: Message, to leader: MemberID) {
        var forwarded = message
        forwarded.to = leader
        messages.append(forwarded)
    }

    private mutating func handleAppend(_ message: Message) throws(StepError) {
        let previous = EntryID(term: message.logTerm, index: message.index)
        if previous.index < log.committed {
            acknowledge(log.committed, to: message.from)
            return
        }
        guard log.contains(previous) else {
            reject(message)
            return
        }
        try appendNew(of: message)
        let newest = message.index + message.entries.count
        log.commit(to: max(log.committed, min(message.commit, newest)))
        acknowledge(newest, to: message.from)
    }

    /// Appends the missing entries; conflicting entries are truncated first.
    private mutating func appendNew(of message: Message) throws(StepError) {
        guard let position = message.entries.firstIndex(where: { !log.contains($0.id) }) else {
            return
        }
        let first = message.entries[position].index
        if first <= log.committed {
            throw .brokenInvariant(
                "entry \(first.rawValue) of term \(message.term.rawValue) contradicts a "
                    + "committed entry")
        }
        log.truncate(from: first)
        for entry in message.entries[position...] {
            log.append(entry)
        }
    }

    private mutating func acknowledge(_ index: LogIndex, to leader: MemberID) {
        sendAfterWrite(
            Message(type: .appendResponse, to: leader, term: term, index: index))
    }

    /// Rejects an append, with a hint where the logs may still match, so that the leader skips
    /// whole terms.
    private mutating func reject(_ message: Message) {
        let hint = log.findConflictByTerm(
            index: min(message.index, log.lastIndex), term: message.logTerm)
        send(
            Message(
                type: .appendResponse, to: message.from, term: term, logTerm: hint.term,
                index: message.index, isRejected: true, rejectHint: hint.index))
    }

    /// The context is returned unchanged: 3.7 leaders put a counter into it, older ones the context
    /// of the read request.
    private mutating func handleHeartbeat(_ message: Message) throws(StepError) {
        if message.commit > log.lastIndex {
            throw .brokenInvariant(
                "the leader's commit index is \(message.commit.rawValue), the log ends at "
                    + "\(log.lastIndex.rawValue)")
        }
        log.commit(to: max(log.committed, message.commit))
        send(
            Message(
                type: .heartbeatResponse, to: message.from, term: term,
                context: message.context))
    }

    /// Installs a snapshot if it is ahead of the commit index and its membership has this member.
    ///
    /// A log that holds the snapshot's last entry only advances its commit index.
    private mutating func handleSnapshot(_ message: Message) throws(StepError) {
        guard let snapshot = message.snapshot, snapshot.index < .limit else {
            throw .malformed("the snapshot is missing")
        }
        if snapshot.index > log.committed {
            guard let restored = ClusterConfiguration(snapshot.confState, lastIndex: snapshot.index)
            else { throw .malformed("the snapshot's membership is inconsistent") }
            if log.contains(snapshot.id) {
                log.commit(to: snapshot.index)
            } else if restored.position(of: id) != nil {
                log.install(snapshot)
                superseded = SupersededConfiguration(
                    configuration: superseded?.configuration ?? configuration,
                    until: snapshot.index)
                configuration = restored
            }
        }
        acknowledge(log.committed, to: message.from)
    }
}
