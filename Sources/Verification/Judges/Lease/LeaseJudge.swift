/// Judges that leases live as long as they were promised to, and not much longer.
///
/// - Not early: whoever was told of a grant or a renewal has its time, counted from when the request
///   was sent, less what a clock may drift. Only ends that nobody asked for are judged.
/// - Not late: a lease ends soon after the last thing that can have prolonged it: its grant, a
///   renewal, a new leader, which starts all clocks again. Judged while nothing disturbs the cluster.
/// - The keys that hang on a lease go with it, and no others (`requireKeys`).
/// - What is told of a remaining time agrees with what was promised.
///
/// Times are nanoseconds of the true clock.
package struct LeaseJudge: Sendable {
    /// A lease that lives.
    private struct Life {
        var seconds: Int64
        /// Clients may count on it until then.
        var promisedUntil: Int64 = .min
        /// The last time that a leader's clock for it started.
        var startedAt: Int64
        var isUnwanted = false
    }

    private var lives: [Int64: Life] = [:]
    /// Promises of leases whose grant no judge has seen applied yet.
    private var promises: [Int64: Int64] = [:]
    private var unwanted: Set<Int64> = []
    private var promotedAt: Int64 = 0
    /// Since when nothing disturbs the cluster; nil while something does.
    package var quietSince: Int64?
    /// Leases that a leader ends in a second at most; nil where that is more than there are.
    package var endsPerSecond: Int64?
    /// Leases that lived at once.
    private var mostAlive = 0
    /// When the clock of a member that may end leases jumped last: what was promised before is void.
    private var jumpedAt: Int64 = .min
    /// How much faster or slower than true time a clock may run.
    private let driftMillionths: Int64

    private static let second: Int64 = 1_000_000_000
    /// Clocks show whole milliseconds.
    private static let rounding: Int64 = 2_000_000
    /// A new leader gives every lease an election timeout more, and its clock is looked at twice a
    /// second; an end that gets lost is proposed again after three seconds; then it has to be
    /// committed and applied.
    private static let tolerance: Int64 = 8 * second
    /// What a cluster may take to find together once faults have ended.
    private static let settling: Int64 = 8 * second

    package init(driftMillionths: Int) { self.driftMillionths = Int64(driftMillionths) }

    /// The leases that live.
    package var alive: [Int64] { lives.keys.sorted() }

    /// Seconds a lease was granted for; nil when it does not live.
    package func grantedSeconds(of lease: Int64) -> Int64? { lives[lease]?.seconds }

    // MARK: What the log says

    /// The grant of a lease is applied for the first time.
    package mutating func granted(
        _ lease: Int64, seconds: Int64, at now: Int64
    ) throws(Finding) {
        guard lives[lease] == nil else { throw Finding("lease \(lease) is granted twice") }
        lives[lease] = Life(
            seconds: seconds, promisedUntil: promises[lease] ?? .min, startedAt: now,
            isUnwanted: unwanted.contains(lease))
        mostAlive = max(mostAlive, lives.count)
    }

    /// The end of a lease is applied for the first time.
    package mutating func ended(_ lease: Int64, at now: Int64) throws(Finding) {
        guard let life = lives.removeValue(forKey: lease) else {
            throw Finding("lease \(lease) ends, which does not live")
        }
        guard !life.isUnwanted else { return }
        if now < life.promisedUntil {
            throw Finding(
                "lease \(lease) ends \((life.promisedUntil - now) / 1_000_000) ms too early")
        }
        try require(life, of: lease, isNotLateAt: now)
    }

    /// An end of a lease that failed, or a key put on a lease that does not live, is right only so.
    package func requireDead(_ lease: Int64) throws(Finding) {
        guard lives[lease] != nil else { return }
        throw Finding("lease \(lease) is said not to exist, and does")
    }

    /// Keys can only hang on a lease that lives.
    package func requireAlive(_ lease: Int64) throws(Finding) {
        guard lives[lease] == nil else { return }
        throw Finding("a key is put on lease \(lease), which does not exist")
    }

    // MARK: What clients were told

    /// A lease was granted or renewed for so many seconds, by a request that was sent at `time`.
    package mutating func promise(_ lease: Int64, seconds: Int64, from time: Int64) {
        guard time > jumpedAt else { return }
        let life = seconds * Self.second
        let until = time + life - life / 1_000_000 * driftMillionths - Self.rounding
        promises[lease] = max(until, promises[lease] ?? .min)
        if let life = lives[lease] {
            lives[lease]?.promisedUntil = max(until, life.promisedUntil)
        }
    }

    /// The clock of a member that may end leases has jumped ahead: nobody can count on what was
    /// promised before.
    package mutating func clockJumped(at now: Int64) {
        jumpedAt = now
        promises.removeAll()
        for lease in lives.keys { lives[lease]?.promisedUntil = .min }
    }

    /// A client has asked for the end of a lease: it may come at any time.
    package mutating func renounce(_ lease: Int64) {
        unwanted.insert(lease)
        lives[lease]?.isUnwanted = true
    }

    // MARK: What prolongs a life

    /// A leader's clock for a lease starts, whether or not anybody is told.
    package mutating func restarted(_ lease: Int64, at now: Int64) {
        lives[lease]?.startedAt = now
    }

    /// A member takes the clocks of all leases over.
    package mutating func promoted(at now: Int64) { promotedAt = now }

    // MARK: Late

    /// No lease lives that should have ended.
    package func requireNoneLate(at now: Int64) throws(Finding) {
        for lease in alive {
            if let life = lives[lease] { try require(life, of: lease, isNotLateAt: now) }
        }
    }

    private func require(
        _ life: Life, of lease: Int64, isNotLateAt now: Int64
    ) throws(Finding) {
        guard let quietSince else { return }
        let whole = life.seconds * Self.second
        let slow = whole / (1_000_000 - driftMillionths) * driftMillionths
        let due = max(life.startedAt, promotedAt) + whole + slow
        // Many may be over at once.
        let pile = endsPerSecond.map { Int64(mostAlive) * Self.second / $0 } ?? 0
        let latest = max(due, quietSince + Self.settling) + Self.tolerance + pile
        guard now > latest else { return }
        throw Finding("lease \(lease) lives \((now - due) / 1_000_000) ms too long")
    }
}

/// What a leader tells of a lease.
package struct LeaseReport: Hashable, Sendable {
    package var grantedSeconds: Int64
    /// Whole seconds, rounded down.
    package var remainingSeconds: Int64
    package var keys: [String]

    package init(grantedSeconds: Int64, remainingSeconds: Int64, keys: [String]) {
        self.grantedSeconds = grantedSeconds
        self.remainingSeconds = remainingSeconds
        self.keys = keys
    }
}

/// Reports and keys.
extension LeaseJudge {
    /// Looks at what a leader that confirmed its lead has told of a lease that lives, at the time
    /// when it looked; `keys` are those that hung on it then.
    package func require(
        _ report: LeaseReport, of lease: Int64, keys: [String], at now: Int64
    ) throws(Finding) {
        guard report.keys == keys else {
            throw Finding("lease \(lease) is told to have keys \(report.keys), it has \(keys)")
        }
        guard let life = lives[lease] else { return }
        // A new leader gives an election timeout more.
        guard report.grantedSeconds == life.seconds,
            report.remainingSeconds <= life.seconds + 1, report.remainingSeconds >= 0
        else {
            throw Finding("lease \(lease) was granted for \(life.seconds) s, told is \(report)")
        }
        try require(report, isNotLongerThan: life, of: lease, at: now)
        guard life.promisedUntil > now else { return }
        let left = life.promisedUntil - now
        let shown = left - left / 1_000_000 * driftMillionths
        guard (report.remainingSeconds + 1) * Self.second > shown else {
            throw Finding(
                "lease \(lease) has \(left / 1_000_000) ms left by promise, told is \(report)")
        }
    }

    /// Nothing but a renewal or a new leader may have started its clock again.
    private func require(
        _ report: LeaseReport, isNotLongerThan life: Life, of lease: Int64, at now: Int64
    ) throws(Finding) {
        let began = max(life.startedAt, promotedAt)
        let elapsed = now - began
        let whole =
            (life.seconds + 1) * Self.second - elapsed + elapsed / 1_000_000 * driftMillionths
        guard report.remainingSeconds > 0,
            report.remainingSeconds * Self.second > whole + Self.rounding
        else { return }
        throw Finding(
            "lease \(lease) lives too long: its clock began \(elapsed / 1_000_000) ms ago, told "
                + "is \(report)")
    }

    /// The end of a lease has to delete just the keys that hung on it, in their order.
    package func requireKeys(
        of lease: Int64, _ keys: [String], deletedBy changes: [RecordedChange]
    ) throws(Finding) {
        guard changes.allSatisfy(\.isDeletion), changes.map(\.key) == keys else {
            throw Finding("lease \(lease) had keys \(keys), its end does \(changes)")
        }
    }
}
