import Identifiers

/// Pending read requests at a leader (Raft dissertation, section 6.4).
///
/// Each request waits for a heartbeat broadcast after its arrival. Requests are numbered: a
/// heartbeat carries the number of the newest one, and a response confirms all through that number.
struct ReadQueue: Sendable {
    /// A request of this member (`origin` is its own id) or of a follower.
    struct Request: Sendable {
        var origin: MemberID
        /// Holds the request's context; it is returned unchanged.
        var entry: Entry
        /// The commit index when the request was accepted; the reader must have applied it.
        var index = LogIndex.zero
    }

    /// Requests that wait until this leader has committed an entry of its term.
    private(set) var postponed: [Request] = []
    /// Requests that wait until a quorum confirms that this leader still leads.
    private var waiting: [Request] = []
    /// Number of requests confirmed in this term.
    private var confirmed: UInt64 = 0

    var count: Int {
        postponed.count + waiting.count
    }

    /// Context of heartbeats: the newest request's number as eight little-endian bytes, as in etcd
    /// 3.7; empty if no request is waiting.
    var heartbeatContext: [UInt8] {
        if waiting.isEmpty { return [] }
        let newest = confirmed + UInt64(waiting.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: newest >> (8 * UInt64($0))) }
    }

    /// The request number that a heartbeat response confirms; nil if it confirms none.
    static func requestNumber(context: [UInt8]) -> UInt64? {
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

    /// Removes and returns the requests that a quorum has confirmed, oldest first.
    mutating func takeConfirmed(through number: UInt64) -> [Request] {
        guard number > confirmed else { return [] }
        let count = min(number - confirmed, UInt64(waiting.count))
        let taken = Array(waiting.prefix(Int(count)))
        waiting.removeFirst(taken.count)
        confirmed += count
        return taken
    }
}
