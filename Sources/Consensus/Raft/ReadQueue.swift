/// Read requests that wait at a leader (Raft dissertation, section 6.4).
///
/// Each request waits for a round of heartbeats sent after it came. Rounds are counted by requests:
/// a heartbeat carries the number of the newest one, and who answers it confirms all up to there.
struct ReadQueue: Sendable {
    /// A request of this member (`origin` is its own id) or of a follower.
    struct Request: Sendable {
        var origin: MemberID
        /// Holds the request's context; it goes back as it came.
        var entry: Entry
        /// The commit index when the request was taken: what the reader must have applied.
        var index = LogIndex.zero
    }

    /// Wait until this leader has committed an entry of its term.
    private(set) var postponed: [Request] = []
    /// Wait for a quorum to confirm that this leader still leads.
    private var waiting: [Request] = []
    /// Number of requests confirmed in this term.
    private var confirmed: UInt64 = 0

    var count: Int {
        postponed.count + waiting.count
    }

    /// What heartbeats carry: the newest request's number in eight bytes, the lowest first, as
    /// etcd 3.7 does; nothing if nobody waits.
    var heartbeatContext: [UInt8] {
        if waiting.isEmpty { return [] }
        let round = confirmed + UInt64(waiting.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: round >> (8 * UInt64($0))) }
    }

    /// The round that a heartbeat's answer confirms; nil if it confirms none.
    static func round(context: [UInt8]) -> UInt64? {
        guard context.count == 8 else { return nil }
        return context.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func postpone(_ request: Request) {
        postponed.append(request)
    }

    mutating func takePostponed() -> [Request] {
        defer { postponed = [] }
        return postponed
    }

    mutating func add(_ request: Request) {
        waiting.append(request)
    }

    /// Takes the requests that a quorum has confirmed, oldest first.
    mutating func takeConfirmed(through round: UInt64) -> [Request] {
        guard round > confirmed else { return [] }
        let count = min(round - confirmed, UInt64(waiting.count))
        let taken = Array(waiting.prefix(Int(count)))
        waiting.removeFirst(taken.count)
        confirmed += count
        return taken
    }
}
