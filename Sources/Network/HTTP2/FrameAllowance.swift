internal import MonotonicClock

/// An allowance for events of a peer that cost it little: a bucket that refills with time.
struct FrameAllowance {
    /// Events allowed at once, and the largest allowance.
    let burst: Int
    let perSecond: Int
    private var left: Int
    private var filledAt: MonotonicTime

    init(burst: Int, perSecond: Int, now: MonotonicTime) {
        self.burst = burst
        self.perSecond = max(perSecond, 1)
        left = burst
        filledAt = now
    }

    /// Adds to the allowance, for work of the peer that makes such events legitimate.
    mutating func earn(_ count: Int) {
        left = min(left + count, burst)
    }

    /// Takes `count` events; false once the allowance is used up.
    ///
    /// - Parameter now: the clock, only read when the allowance has to be refilled.
    mutating func take(_ count: Int, now: @autoclosure () -> MonotonicTime) -> Bool {
        left -= count
        guard left < 0 else { return true }
        let now = now()
        let fillTime = TimeSpan.seconds(Int64(burst)) / Int64(perSecond) + .milliseconds(1)
        let elapsed = min(max(now - filledAt, .zero), fillTime)
        filledAt = now
        left = min(left + Int(elapsed * Int64(perSecond) / .seconds(1)), burst)
        return left >= 0
    }
}
