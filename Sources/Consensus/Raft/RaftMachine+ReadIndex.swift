/// Linearizable reads without the log (Raft dissertation, section 6.4).
extension RaftMachine {
    /// Asks for an index such that a state which has applied it may serve reads that came before
    /// this call. The answer is a `ReadState` with this context, in some later `Ready`.
    ///
    /// The answer may never come: a message or the leader may be lost. The caller asks again.
    package mutating func readIndex(context: UInt64) throws(ProposalError) {
        let data = (0..<8).map { UInt8(truncatingIfNeeded: context >> (56 - 8 * UInt64($0))) }
        let entry = Entry(term: .zero, index: .zero, data: data)
        switch role {
        case .leader:
            if reads.count >= settings.maxPendingReads { throw .tooManyPendingReads }
            addRead(ReadQueue.Request(origin: id, entry: entry))
        case .follower(let leader?):
            messages.append(Message(type: .readIndex, to: leader, from: id, entries: [entry]))
        case .follower, .preCandidate, .candidate:
            throw .noLeader
        }
    }

    /// Takes a request as a leader. Before the first commit in its term a leader does not know
    /// what is committed, so the request waits for that; this holds for a single voter as well,
    /// whose commit index on disk may lag.
    mutating func addRead(_ request: ReadQueue.Request) {
        guard reads.count < settings.maxPendingReads else { return }
        guard hasCommittedInTerm else {
            reads.postpone(request)
            return
        }
        startRead(request)
        answerConfirmedReads()
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
        answerConfirmedReads()
    }

    /// Answers what a quorum, this member included, has confirmed.
    mutating func answerConfirmedReads() {
        let own = id
        let round = configuration.quorumValue { $0.id == own ? .max : $0.confirmedReads }
        for request in reads.takeConfirmed(through: round) {
            answer(request)
        }
    }

    private mutating func answer(_ request: ReadQueue.Request) {
        if request.origin == id {
            noteReadState(index: request.index, data: request.entry.data)
        } else {
            send(
                Message(
                    type: .readIndexResponse, to: request.origin, term: term,
                    index: request.index, entries: [request.entry]))
        }
    }

    /// A leader's answer to this follower's request.
    mutating func handleReadIndexResponse(_ message: Message) {
        guard message.entries.count == 1 else { return }
        noteReadState(index: message.index, data: message.entries[0].data)
    }

    private mutating func noteReadState(index: LogIndex, data: [UInt8]) {
        guard data.count == 8 else { return }
        let context = data.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        readStates.append(ReadState(index: index, context: context))
    }
}
