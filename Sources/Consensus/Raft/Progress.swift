/// What a leader knows about another member's log, and how it sends to it.
///
/// Guarantees `match < next`. The states are those of etcd: a follower whose end is unknown is
/// probed with one append at a time; one that answered is replicated to, several appends in
/// flight; one that needs entries that were compacted gets a snapshot and nothing else.
struct Progress: Equatable, Sendable {
    enum State: Equatable, Sendable {
        /// `isPaused` after a probe was sent, until an answer to it or to a heartbeat comes.
        case probe(isPaused: Bool)
        case replicate
        /// Waits for the answer to a snapshot at this index.
        case snapshot(pending: LogIndex)
    }

    /// Greatest index known to be durable on the member.
    private(set) var match: LogIndex
    /// Index of the next entry to send.
    private(set) var next: LogIndex
    private(set) var state: State
    /// Greatest commit index told to the member, as far as it can use it.
    private(set) var sentCommit: LogIndex
    /// Whether it was heard from since the last look at the quorum.
    var isRecentlyActive: Bool
    /// Whether an append is due even if it has no entries.
    var isProbeDue: Bool
    /// Appends without an answer. Empty unless replicating; it stands beside the state since an
    /// array inside an enum case would be copied at each change.
    private(set) var inflight: InflightWindow

    /// A member whose log is unknown; the first probe goes to `next`.
    init(match: LogIndex = .zero, next: LogIndex, isRecentlyActive: Bool) {
        self.match = match
        self.next = max(next, match.next)
        state = .probe(isPaused: false)
        sentCommit = .zero
        self.isRecentlyActive = isRecentlyActive
        isProbeDue = false
        inflight = InflightWindow()
    }

    /// Whether no entries may be sent now.
    func isPaused(_ limits: InflightLimits) -> Bool {
        switch state {
        case .probe(let isPaused): isPaused
        case .replicate: inflight.isFull(limits)
        case .snapshot: true
        }
    }

    /// Probes from behind what matched; after a snapshot from behind that one.
    mutating func becomeProbe() {
        var start = match.next
        if case .snapshot(let pending) = state {
            start = max(start, pending.next)
        }
        enter(.probe(isPaused: false), next: start)
    }

    /// After a snapshot that failed: as if it was never sent.
    mutating func abandonSnapshot() {
        enter(.probe(isPaused: false), next: match.next)
    }

    mutating func becomeReplicate() {
        enter(.replicate, next: match.next)
    }

    mutating func becomeSnapshot(at index: LogIndex) {
        enter(.snapshot(pending: index), next: index.next)
        sentCommit = index
    }

    private mutating func enter(_ state: State, next: LogIndex) {
        self.state = state
        self.next = next
        sentCommit = min(sentCommit, next.previous)
        inflight.removeAll()
    }

    mutating func pauseProbe() {
        if case .probe = state {
            state = .probe(isPaused: true)
        }
    }

    mutating func resumeProbe() {
        if case .probe = state {
            state = .probe(isPaused: false)
        }
    }

    /// Notes an append of `count` entries and this commit index as sent.
    mutating func sentAppend(count: Int, bytes: Int, commit: LogIndex) {
        isProbeDue = false
        sentCommit = max(sentCommit, commit)
        guard count > 0 else { return }
        switch state {
        case .probe:
            state = .probe(isPaused: true)
        case .replicate:
            next = next + count
            inflight.append(last: next.previous, bytes: bytes)
        case .snapshot:
            preconditionFailure("no entries are sent while a snapshot is on its way")
        }
    }

    mutating func sentHeartbeat(commit: LogIndex) {
        sentCommit = max(sentCommit, commit)
    }

    /// Whether telling this commit index would let the member commit more.
    func canUse(commit: LogIndex) -> Bool {
        commit > sentCommit && sentCommit < next.previous
    }

    /// Notes that the member holds everything up to `index`. Returns whether that was news.
    mutating func acknowledge(_ index: LogIndex) -> Bool {
        inflight.removeThrough(index)
        guard index > match else { return false }
        match = index
        next = max(next, index.next)
        resumeProbe()
        return true
    }

    /// Notes that the append after `rejected` did not fit and the next try shall start behind
    /// `hint`. Returns false if the answer is one to an older append.
    mutating func reject(_ rejected: LogIndex, hint: LogIndex) -> Bool {
        switch state {
        case .replicate:
            guard rejected > match else { return false }
            becomeProbe()
            return true
        case .probe, .snapshot:
            guard next.previous == rejected else { return false }
            next = max(min(rejected, hint.next), match.next)
            sentCommit = min(sentCommit, next.previous)
            resumeProbe()
            return true
        }
    }
}
