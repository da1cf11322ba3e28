import MonotonicClock

/// What a member knows of the NOSPACE alarm, to propose each change of its own once.
struct SpaceAlarm {
    /// Whether the alarm of any member is active.
    private var isActive: Bool
    /// When a change that may be in flight was proposed.
    private var proposedAt: MonotonicTime?

    init(isActive: Bool) { self.isActive = isActive }

    /// Whether to propose to raise it.
    mutating func raise(now: MonotonicTime, timeout: TimeSpan) -> Bool {
        !isActive && propose(now, timeout)
    }

    /// Whether to propose to end it.
    mutating func end(now: MonotonicTime, timeout: TimeSpan) -> Bool {
        isActive && propose(now, timeout)
    }

    mutating func record(isActive: Bool) {
        guard isActive != self.isActive else { return }
        self.isActive = isActive
        proposedAt = nil
    }

    /// A proposal is taken for lost after the time that a request may take.
    private mutating func propose(_ now: MonotonicTime, _ timeout: TimeSpan) -> Bool {
        if let proposedAt, now - proposedAt < timeout { return false }
        proposedAt = now
        return true
    }
}
