import Identifiers

/// ReadIndex: linearizable reads without a log entry (Raft dissertation, section 6.4).
extension RaftMachine {
    /// Requests a read index: a state that has applied it may serve reads received before this
    /// call. The response is a `ReadState` with this context in a later `Ready`.
    ///
    /// The response may be lost with a message or the leader. The caller retries.
    package mutating func readIndex(context: UInt64) throws(ProposalError) {
        let data = (0..<8).map { UInt8(truncatingIfNeeded: context >> (56 - 8 * UInt64($0))) }
        let entry = Entry(term: .zero, index: .zero, data: data)
        switch role {
        case .leader:
            if reads.count >= raftConfiguration.pendingReadsMax { throw .tooManyPendingReads }
            addRead(ReadQueue.Request(origin: id, entry: entry))
        case .follower(let leader?):
            messages.append(Message(type: .readIndex, to: leader, from: id, entries: [entry]))
        case .follower, .preCandidate, .candidate:
            throw .noLeader
        }
    }

    /// Handles a read request as a leader. Before the first commit in its term a leader does not
    /// know the commit index, so the request waits for it. This also holds for a single voter,
    /// whose commit index on disk may be stale.
    mutating func addRead(_ request: ReadQueue.Request) {
        guard reads.count < raftConfiguration.pendingReadsMax else { return }
        guard hasCommittedInTerm else {
            reads.postpone(request)
            return
        }
        startRead(request)
        respondToConfirmedReads()
    }

    private mutating func startRead(_ request: ReadQueue.Request) {
        var request = request
        request.index = log.committed
        reads.add(request)
        updateLeadership { $0.isHeartbeatDue = true }
    }

    mutating func releasePostponedReads() {
        if reads.postponed.isEmpty || !hasCommittedInTerm { return }
        for request in reads.takePostponed() {
            startRead(request)
        }
        respondToConfirmedReads()
    }

    /// Responds to the read requests that a quorum, including this member, has confirmed.
    mutating func respondToConfirmedReads() {
        let own = id
        let confirmed = configuration.quorumValue { $0.id == own ? .max : $0.confirmedReads }
        for request in reads.takeConfirmed(through: confirmed) {
            respond(to: request)
        }
    }

    private mutating func respond(to request: ReadQueue.Request) {
        if request.origin == id {
            appendReadState(index: request.index, data: request.entry.data)
        } else {
            send(
                Message(
                    type: .readIndexResponse, to: request.origin, term: term,
                    index: request.index, entries: [request.entry]))
        }
    }

    /// A leader's response to this follower's read request.
    mutating func handleReadIndexResponse(_ message: Message) {
        guard message.entries.count == 1 else { return }
        appendReadState(index: message.index, data: message.entries[0].data)
    }

    private mutating func appendReadState(index: LogIndex, data: [UInt8]) {
        guard data.count == 8 else { return }
        let context = data.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        readStates.append(ReadState(index: index, context: context))
    }
}
