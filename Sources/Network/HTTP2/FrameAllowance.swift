/// An allowance for events of a peer that cost it little: a bucket that refills with time.
struct FrameAllowance {
    /// Events allowed at once, and the largest allowance.
    let burst: Int
    let perSecond: Int
    private var left: Int
    private var filledMilliseconds: Int64

    init(burst: Int, perSecond: Int, nowMilliseconds: Int64) {
        self.burst = burst
        self.perSecond = max(perSecond, 1)
        left = burst
        filledMilliseconds = nowMilliseconds
    }

    /// Adds to the allowance, for work of the peer that makes such events legitimate.
    mutating func earn(_ count: Int) {
        left = min(left + count, burst)
    }

    /// Takes `count` events; false once the allowance is used up.
    ///
    /// - Parameter now: the clock in milliseconds, only read when the allowance has to be refilled.
    mutating func take(_ count: Int, now: @autoclosure () -> Int64) -> Bool {
        left -= count
        guard left < 0 else { return true }
        let now = now()
        let fillMilliseconds = Int64(burst) * 1000 / Int64(perSecond) + 1
        let elapsed = min(max(now - filledMilliseconds, 0), fillMilliseconds)
        filledMilliseconds = now
        left = min(left + Int(elapsed) * perSecond / 1000, burst)
        return left >= 0
    }
}
