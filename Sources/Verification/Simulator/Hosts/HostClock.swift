import MonotonicClock

/// A host's monotonic clock: it drifts, and jumps on request.
struct HostClock {
    private var offset: MonotonicTime
    private var since = VirtualTime.zero
    /// How much faster than true time it runs, in millionths.
    private let drift: Int64

    /// - Parameter offset: the reading at the start of the run.
    init(offset: MonotonicTime, drift: Int64) {
        self.offset = offset
        self.drift = drift
    }

    /// The reading at a virtual time.
    func reading(at time: VirtualTime) -> MonotonicTime {
        let elapsed = time - since
        return offset + elapsed + elapsed / 1_000_000 * drift
    }

    /// The first virtual time with at least this reading.
    func time(of reading: MonotonicTime, notBefore now: VirtualTime) -> VirtualTime {
        let rest = max(.zero, reading - self.reading(at: now))
        var time = now + rest * 1_000_000 / (1_000_000 + drift)
        while self.reading(at: time) < reading { time = time + .millisecond / 10 }
        return time
    }

    mutating func jump(by amount: TimeSpan, at time: VirtualTime) {
        offset = reading(at: time) + amount
        since = time
    }
}
