/// A host's monotonic clock: it drifts, and jumps on request.
struct HostClock {
    private var offset: Nanoseconds
    private var since: Nanoseconds = 0
    /// How much faster than true time it runs, in millionths.
    private let drift: Int64

    /// - Parameter offset: the reading at the start of the run.
    init(offset: Nanoseconds, drift: Int64) {
        self.offset = offset
        self.drift = drift
    }

    /// The reading at a virtual time.
    func reading(at time: Nanoseconds) -> Nanoseconds {
        let elapsed = time - since
        return offset + elapsed + elapsed / 1_000_000 * drift
    }

    /// The first virtual time with at least this reading.
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
