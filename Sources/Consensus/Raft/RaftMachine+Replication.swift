import Identifiers

/// Replication and commit of a leader's log (Raft paper, sections 5.3, 5.4).
extension RaftMachine {
    /// Appends an entry of this leader's term to its log.
    mutating func appendOwn(type: EntryType, data: [UInt8]) {
        log.append(Entry(term: term, index: log.lastIndex.next, type: type, data: data))
        updateLeadership { $0.uncommittedBytes += data.count }
    }

    /// Commits what a quorum holds, if its newest entry is of this term: entries of older terms are
    /// never committed by counting replicas, only along with one of this term (Raft paper,
    /// section 5.4.2, figure 8).
    ///
    /// The leader counts its own entries only if they are durable.
    mutating func advanceCommit() {
        guard isLeader else { return }
        let own = id
        let stable = log.stable.rawValue
        let held = configuration.quorumValue {
            $0.id == own ? stable : $0.progress.match.rawValue
        }
        let index = LogIndex(held)
        guard index > log.committed,
            log.term(at: index) == term || raftConfiguration.mutation == .commitsEarlierTerms
        else { return }
        let bytes = log.dataBytes(after: log.committed, through: index)
        log.commit(to: index)
        updateLeadership { $0.uncommittedBytes = max(0, $0.uncommittedBytes - bytes) }
        releasePostponedReads()
    }

    /// Whether this leader has committed an entry of its own term, and so knows the commit index.
    var hasCommittedInTerm: Bool {
        log.term(at: log.committed) == term
    }

    // MARK: - Sending

    /// Sends what is due to each member: heartbeats first, then appends.
    mutating func sendDue() {
        guard let leadership else { return }
        if leadership.isHeartbeatDue {
            updateLeadership { $0.isHeartbeatDue = false }
            broadcastHeartbeat()
        }
        var slice = SharedSlice()
        for position in configuration.members.indices
        where configuration.members[position].id != id {
            sendAppends(to: position, slice: &slice)
        }
    }

    /// The context has the number of the newest read request, so that one heartbeat confirms all
    /// pending ones.
    private mutating func broadcastHeartbeat() {
        let context = reads.heartbeatContext
        for position in configuration.members.indices
        where configuration.members[position].id != id {
            // The follower may lack committed entries: the commit index sent is at most its match.
            let commit = min(configuration.members[position].progress.match, log.committed)
            configuration.members[position].progress.sentHeartbeat(commit: commit)
            send(
                Message(
                    type: .heartbeat, to: configuration.members[position].id, term: term,
                    commit: commit, context: context))
        }
    }

    /// Entries of the last append, shared by followers that need the same ones.
    private struct SharedSlice {
        var first = LogIndex.zero
        var entries: [Entry] = []
    }

    private mutating func sendAppends(to position: Int, slice: inout SharedSlice) {
        if case .snapshot = configuration.members[position].progress.state { return }
        guard log.term(at: configuration.members[position].progress.next.previous) != nil else {
            // After a failed snapshot, the next one waits until the member responds.
            if !isSendPaused(configuration.members[position].progress) {
                sendSnapshot(to: position)
            }
            return
        }
        while configuration.members[position].progress.next <= log.lastIndex,
            !configuration.members[position].progress.isPaused(inflightLimits)
        {
            let next = configuration.members[position].progress.next
            if slice.first != next || slice.entries.isEmpty {
                slice.first = next
                slice.entries = log.entries(
                    from: next, through: log.lastIndex, bytesMax: appendBytesMax(from: next))
            }
            sendAppend(slice.entries, to: position)
        }
        if isEmptyAppendDue(for: configuration.members[position].progress) {
            sendAppend([], to: position)
        }
        configuration.members[position].progress.isProbeDue = false
    }

    private func appendBytesMax(from next: LogIndex) -> Int {
        next <= log.committed
            ? min(raftConfiguration.messageBytesMax, raftConfiguration.catchUpBytesMax)
            : raftConfiguration.messageBytesMax
    }

    private func isEmptyAppendDue(for progress: Progress) -> Bool {
        if isSendPaused(progress) { return false }
        return progress.isProbeDue || progress.canBumpCommit(to: log.committed)
    }

    /// Whether nothing may be sent now. Full inflights pause entries, but neither an empty append
    /// that detects lost responses nor the snapshot in its place: without them the inflights could
    /// stay full forever.
    private func isSendPaused(_ progress: Progress) -> Bool {
        if progress.state == .replicate, progress.isProbeDue { return false }
        return progress.isPaused(inflightLimits)
    }

    private mutating func sendAppend(_ entries: [Entry], to position: Int) {
        let previous = configuration.members[position].progress.next.previous
        guard let previousTerm = log.term(at: previous) else {
            preconditionFailure("compacted entries are sent as a snapshot")
        }
        send(
            Message(
                type: .append, to: configuration.members[position].id, term: term,
                logTerm: previousTerm, index: previous, commit: log.committed,
                entries: entries))
        configuration.members[position].progress.sentAppend(
            count: entries.count, bytes: entries.reduce(0) { $0 + $1.data.count },
            commit: log.committed)
    }

    /// Asks the caller to send a snapshot to a member that needs compacted entries. An inactive
    /// member gets none.
    private mutating func sendSnapshot(to position: Int) {
        guard configuration.members[position].progress.isRecentlyActive else { return }
        let index = max(log.applied, log.compacted.index)
        guard let snapshotTerm = log.term(at: index) else {
            preconditionFailure("the applied index is not in the log")
        }
        configuration.members[position].progress.becomeSnapshot(at: index)
        send(
            Message(
                type: .snapshot, to: configuration.members[position].id, term: term,
                snapshot: Snapshot(
                    index: index, term: snapshotTerm, confState: configuration.confState)))
    }
}
