package import Identifiers

/// Types of messages; raw values are those of raftpb.MessageType.
///
/// Types that etcd uses only within a process (hup, beat, unreachable, ...) are methods of
/// `RaftMachine` here and are rejected by `step`.
package enum MessageType: UInt8, Sendable, CaseIterable {
    case hup = 0
    case beat = 1
    case propose = 2
    case append = 3
    case appendResponse = 4
    case vote = 5
    case voteResponse = 6
    case snapshot = 7
    case heartbeat = 8
    case heartbeatResponse = 9
    case unreachable = 10
    case snapshotStatus = 11
    case checkQuorum = 12
    case transferLeader = 13
    case timeoutNow = 14
    case readIndex = 15
    case readIndexResponse = 16
    case preVote = 17
    case preVoteResponse = 18
    case storageAppend = 19
    case storageAppendResponse = 20
    case storageApply = 21
    case storageApplyResponse = 22
    case forgetLeader = 23
}

/// A message between members with the fields of raftpb.Message; absent fields are zero or empty.
///
/// Fields used by each type:
/// - propose, readIndex: `entries`; the term is zero
/// - append: `logTerm` and `index` of the entry before `entries`, `commit`
/// - appendResponse: `index`; if `isRejected`, `rejectHint` and its `logTerm`
/// - vote, preVote: `logTerm` and `index` of the candidate's last entry, `context`
/// - heartbeat: `commit`, `context`; its response returns the context unchanged
/// - snapshot: `snapshot`
/// - readIndexResponse: `index`, and the `entries` of the request
/// - transferLeader: `from` is the transferee
package struct Message: Equatable, Sendable {
    package var type: MessageType
    package var isRejected: Bool
    package var to: MemberID
    package var from: MemberID
    package var term: Term
    package var logTerm: Term
    package var index: LogIndex
    package var commit: LogIndex
    package var rejectHint: LogIndex
    package var vote: MemberID
    package var entries: [Entry]
    package var context: [UInt8]
    package var snapshot: Snapshot?

    package init(
        type: MessageType,
        to: MemberID = .none,
        from: MemberID = .none,
        term: Term = .zero,
        logTerm: Term = .zero,
        index: LogIndex = .zero,
        commit: LogIndex = .zero,
        isRejected: Bool = false,
        rejectHint: LogIndex = .zero,
        vote: MemberID = .none,
        entries: [Entry] = [],
        context: [UInt8] = [],
        snapshot: Snapshot? = nil
    ) {
        self.type = type
        self.isRejected = isRejected
        self.to = to
        self.from = from
        self.term = term
        self.logTerm = logTerm
        self.index = index
        self.commit = commit
        self.rejectHint = rejectHint
        self.vote = vote
        self.entries = entries
        self.context = context
        self.snapshot = snapshot
    }

    /// Context of a vote request caused by a leadership transfer; members handle such a request
    /// even within the lease of their leader.
    package static let transferContext: [UInt8] = Array("CampaignTransfer".utf8)
}
