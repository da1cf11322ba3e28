internal import MonotonicClock

/// The due times of the requests of an open loop: at a fixed rate.
///
/// Invariant: request number n is due n / rate after the begin, however late it is taken.
struct Pacing: Sendable {
    private let beganAt: MonotonicTime
    private let nanosecondsBetween: Double
    private var taken = 0

    init(ratePerSecond: Double, beganAt: MonotonicTime) {
        precondition(ratePerSecond > 0, "an open loop has a rate")
        nanosecondsBetween = 1e9 / ratePerSecond
        self.beganAt = beganAt
    }

    /// When the next request is due.
    var nextDue: MonotonicTime {
        beganAt + .nanoseconds(Int64(Double(taken) * nanosecondsBetween))
    }

    /// Takes the next request if it is due by `now` and before `end`; returns its due time.
    mutating func takeDue(by now: MonotonicTime, before end: MonotonicTime) -> MonotonicTime? {
        let due = nextDue
        guard due <= now, due < end else { return nil }
        taken += 1
        return due
    }

    /// How long to wait from `now` for the next request; at a high rate several share one wait.
    func wait(from now: MonotonicTime) -> TimeSpan {
        max(nextDue - now, Self.waitMin)
    }

    private static let waitMin = TimeSpan.microseconds(100)
}
