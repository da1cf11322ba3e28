/// A host's monotonic clock: it drifts, and jumps when it is made to.
struct HostClock {
    private var offset: Nanoseconds
    private var since: Nanoseconds = 0
    /// How much faster than true time it runs, in millionths.
    private let drift: Int64

    /// - Parameter offset: what it shows when the run begins.
    init(offset: Nanoseconds, drift: Int64) {
        self.offset = offset
        self.drift = drift
    }

    /// What it shows at a virtual time.
    func reading(at time: Nanoseconds) -> Nanoseconds {
        let elapsed = time - since
        return offset + elapsed + elapsed / 1_000_000 * drift
    }

    /// The first virtual time at which it shows at least this.
    func time(of reading: Nanoseconds, notBefore now: Nanoseconds) -> Nanoseconds {
        var time = now + max(0, reading - self.reading(at: now)) * 1_000_000 / (1_000_000 + drift)
        while self.reading(at: time) < reading { time += .millisecond / 10 }
        return time
    }

    mutating func jump(by amount: Nanoseconds, at time: Nanoseconds) {
        offset = reading(at: time) + amount
        since = time
    }
}
