/// The due times of the requests of an open loop: at a fixed rate.
///
/// Invariant: request number n is due n / rate after the begin, however late it is taken.
struct Pacing: Sendable {
    private let beganNanoseconds: UInt64
    private let nanosecondsBetween: Double
    private var taken = 0

    init(ratePerSecond: Double, beganNanoseconds: UInt64) {
        precondition(ratePerSecond > 0, "an open loop has a rate")
        nanosecondsBetween = 1e9 / ratePerSecond
        self.beganNanoseconds = beganNanoseconds
    }

    /// When the next request is due.
    var nextDueNanoseconds: UInt64 {
        beganNanoseconds + UInt64(Double(taken) * nanosecondsBetween)
    }

    /// Takes the next request if it is due by `now` and before `end`; returns its due time.
    mutating func takeDue(by now: UInt64, before end: UInt64) -> UInt64? {
        let due = nextDueNanoseconds
        guard due <= now, due < end else { return nil }
        taken += 1
        return due
    }

    /// How long to wait from `now` for the next request; at a high rate several share one wait.
    func waitNanoseconds(from now: UInt64) -> Int64 {
        let due = nextDueNanoseconds
        return max(due > now ? Int64(due - now) : 0, Self.waitNanosecondsMin)
    }

    private static let waitNanosecondsMin: Int64 = 100_000
}
