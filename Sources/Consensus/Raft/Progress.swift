import Identifiers

/// What a leader knows about another member's log, and how it replicates to it.
///
/// Guarantees `match < next`. The states are those of etcd. A follower whose last index is unknown
/// is probed with one append at a time. After a response, appends are pipelined. A follower that
/// needs compacted entries gets a snapshot and no appends.
struct Progress: Equatable, Sendable {
    enum State: Equatable, Sendable {
        /// `isPaused` after a probe was sent, until a response to it or to a heartbeat arrives.
        case probe(isPaused: Bool)
        case replicate
        /// Waits for the response to a snapshot at this index.
        case snapshot(pending: LogIndex)
    }

    /// Greatest index known to be durable on the member.
    private(set) var match: LogIndex
    /// Index of the next entry to send.
    private(set) var next: LogIndex
    private(set) var state: State
    /// Greatest commit index sent to the member, limited to the entries sent.
    private(set) var sentCommit: LogIndex
    /// Whether a message was received from it since the last check-quorum.
    var isRecentlyActive: Bool
    /// Whether an append is due even without entries.
    var isProbeDue: Bool
    /// Unacknowledged appends. Empty unless replicating. Not part of the state, since an array in
    /// an enum payload would be copied at each change.
    private(set) var inflights: Inflights

    /// A member whose log is unknown; the first probe goes to `next`.
    init(match: LogIndex = .zero, next: LogIndex, isRecentlyActive: Bool) {
        self.match = match
        self.next = max(next, match.next)
        state = .probe(isPaused: false)
        sentCommit = .zero
        self.isRecentlyActive = isRecentlyActive
        isProbeDue = false
        inflights = Inflights()
    }

    /// Whether no entries may be sent now.
    func isPaused(_ limits: InflightLimits) -> Bool {
        switch state {
        case .probe(let isPaused): isPaused
        case .replicate: inflights.isFull(limits)
        case .snapshot: true
        }
    }

    /// Probes from the entry after `match`, or after the pending snapshot.
    mutating func becomeProbe() {
        var start = match.next
        if case .snapshot(let pending) = state {
            start = max(start, pending.next)
        }
        enter(.probe(isPaused: false), next: start)
    }

    /// Handles a failed snapshot as if it was never sent.
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
        inflights.removeAll()
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

    /// Records a sent append of `count` entries with this commit index.
    mutating func sentAppend(count: Int, bytes: Int, commit: LogIndex) {
        isProbeDue = false
        sentCommit = max(sentCommit, commit)
        guard count > 0 else { return }
        switch state {
        case .probe:
            state = .probe(isPaused: true)
        case .replicate:
            next = next + count
            inflights.append(last: next.previous, bytes: bytes)
        case .snapshot:
            preconditionFailure("no entries are sent while a snapshot is pending")
        }
    }

    mutating func sentHeartbeat(commit: LogIndex) {
        sentCommit = max(sentCommit, commit)
    }

    /// Whether sending this commit index would let the member commit more entries.
    func canBumpCommit(to commit: LogIndex) -> Bool {
        commit > sentCommit && sentCommit < next.previous
    }

    /// Records that the member holds all entries through `index`. Returns whether `match` changed.
    mutating func acknowledge(_ index: LogIndex) -> Bool {
        inflights.removeThrough(index)
        guard index > match else { return false }
        match = index
        next = max(next, index.next)
        resumeProbe()
        return true
    }

    /// Handles the rejection of the append after `rejected`; the next probe starts after `hint`.
    /// Returns false if the response is stale.
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
