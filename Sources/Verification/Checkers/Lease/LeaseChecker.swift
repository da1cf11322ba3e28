package import MonotonicClock

/// Checks that leases live at least as long as promised, and not much longer.
///
/// - Not early: a client with an acknowledged grant or renewal has its whole TTL, counted from when
///   the request was sent, less the clock drift. Revocations requested by clients are not checked.
/// - Not late: a lease expires soon after the last event that can have extended it: its grant, a
///   renewal, or a new leader, which restarts all clocks. Checked while no faults are injected.
///   Where proposals are refused, the leases that wait are at least revoked in the order in which
///   they expired, one after another.
/// - The keys attached to a lease are deleted with it, and no others (`requireKeys`).
/// - A reported remaining time agrees with the promise.
///
/// Times are true time.
package struct LeaseChecker: Sendable {
    /// A live lease.
    private struct LiveLease {
        var seconds: Int64
        /// The time until which clients may rely on the lease.
        var promisedUntil = MonotonicTime.distantPast
        /// The last time at which a leader's clock for it started.
        var startedAt: MonotonicTime
        var isRevocationRequested = false
    }

    private struct Expiration {
        let due: MonotonicTime
        let revokedAt: MonotonicTime
    }

    private var liveLeases: [Int64: LiveLease] = [:]
    /// Promises for leases whose grant no checker has seen applied yet.
    private var promises: [Int64: MonotonicTime] = [:]
    private var requestedRevocations: Set<Int64> = []
    private var promotedAt = MonotonicTime.zero
    /// When fault injection ended; nil while faults are injected.
    package var faultFreeSince: MonotonicTime?
    /// The most leases that a leader revokes in a second; nil where that limit is out of reach.
    package var revocationsPerSecondMax: Int64?
    /// The largest number of leases that were live at once.
    private var liveLeasesMax = 0
    /// The leases that expired and were revoked within the last `tolerance`, oldest first.
    private var expirations: [Expiration] = []
    /// The last clock jump of a member that may revoke leases: earlier promises are void.
    private var clockJumpedAt = MonotonicTime.distantPast
    /// How much faster or slower than true time a clock may run.
    private let driftMillionths: Int64

    /// Clocks have millisecond resolution.
    private static let rounding = TimeSpan.milliseconds(2)
    /// A new leader extends every lease by an election timeout and checks for expired leases twice
    /// a second; a lost revocation is proposed again after three seconds; then it has to be
    /// committed and applied.
    private static let tolerance = TimeSpan.seconds(8)
    /// The time in which the cluster must recover after faults have ended.
    private static let recoveryTime = TimeSpan.seconds(8)

    package init(driftMillionths: Int) { self.driftMillionths = Int64(driftMillionths) }

    /// The live leases.
    package var live: [Int64] { liveLeases.keys.sorted() }

    /// The granted TTL of a lease; nil if it does not exist.
    package func grantedSeconds(of lease: Int64) -> Int64? { liveLeases[lease]?.seconds }

    // MARK: Applied entries

    /// The grant of a lease is applied for the first time.
    package mutating func granted(
        _ lease: Int64, seconds: Int64, at now: MonotonicTime
    ) throws(Finding) {
        guard liveLeases[lease] == nil else { throw Finding("lease \(lease) is granted twice") }
        liveLeases[lease] = LiveLease(
            seconds: seconds, promisedUntil: promises[lease] ?? .distantPast, startedAt: now,
            isRevocationRequested: requestedRevocations.contains(lease))
        liveLeasesMax = max(liveLeasesMax, liveLeases.count)
    }

    /// The revocation of a lease is applied for the first time.
    package mutating func revoked(_ lease: Int64, at now: MonotonicTime) throws(Finding) {
        guard let state = liveLeases.removeValue(forKey: lease) else {
            throw Finding("lease \(lease) is revoked, which does not exist")
        }
        guard !state.isRevocationRequested else { return }
        if now < state.promisedUntil {
            throw Finding(
                "lease \(lease) is revoked \((state.promisedUntil - now).milliseconds) ms too early"
            )
        }
        try require(state, of: lease, isNotOverdueAt: now)
        expirations.append(Expiration(due: due(state), revokedAt: now))
        expirations.removeAll { $0.revokedAt + Self.tolerance < now }
    }

    /// Requires that a lease does not exist, since a revocation or a put with it failed.
    package func requireMissing(_ lease: Int64) throws(Finding) {
        guard liveLeases[lease] != nil else { return }
        throw Finding("lease \(lease) is reported missing, but exists")
    }

    /// Requires that a lease exists: keys can only be attached to a live lease.
    package func requireExists(_ lease: Int64) throws(Finding) {
        guard liveLeases[lease] == nil else { return }
        throw Finding("a key is attached to lease \(lease), which does not exist")
    }

    // MARK: Responses to clients

    /// A grant or a renewal for so many seconds was acknowledged; its request was sent at `time`.
    package mutating func promise(_ lease: Int64, seconds: Int64, from time: MonotonicTime) {
        guard time > clockJumpedAt else { return }
        let ttl = TimeSpan.seconds(seconds)
        let until = time + ttl - ttl / 1_000_000 * driftMillionths - Self.rounding
        promises[lease] = max(until, promises[lease] ?? .distantPast)
        if let state = liveLeases[lease] {
            liveLeases[lease]?.promisedUntil = max(until, state.promisedUntil)
        }
    }

    /// The clock of a member that may revoke leases jumped ahead: earlier promises are void.
    package mutating func clockJumped(at now: MonotonicTime) {
        clockJumpedAt = now
        promises.removeAll()
        for lease in liveLeases.keys { liveLeases[lease]?.promisedUntil = .distantPast }
    }

    /// A client requested the revocation: it may be applied at any time.
    package mutating func revocationRequested(_ lease: Int64) {
        requestedRevocations.insert(lease)
        liveLeases[lease]?.isRevocationRequested = true
    }

    // MARK: Extensions

    /// A leader's clock for a lease starts, whether or not a client learns of it.
    package mutating func clockRestarted(_ lease: Int64, at now: MonotonicTime) {
        liveLeases[lease]?.startedAt = now
    }

    /// A member became the primary lessor and restarted the clocks of all leases.
    package mutating func promoted(at now: MonotonicTime) { promotedAt = now }

    // MARK: Overdue leases

    /// Requires that no lease is overdue.
    package func requireNoneOverdue(at now: MonotonicTime) throws(Finding) {
        for lease in live {
            if let state = liveLeases[lease] { try require(state, of: lease, isNotOverdueAt: now) }
        }
    }

    private func require(
        _ state: LiveLease, of lease: Int64, isNotOverdueAt now: MonotonicTime
    ) throws(Finding) {
        guard let faultFreeSince else { return }
        let due = due(state)
        // Many leases may expire at once.
        let backlog =
            revocationsPerSecondMax.map { .seconds(Int64(liveLeasesMax)) / $0 } ?? TimeSpan.zero
        let latest = max(due, faultFreeSince + Self.recoveryTime) + Self.tolerance + backlog
        guard now > latest, !isNext(due, at: now) else { return }
        throw Finding("lease \(lease) lives \((now - due).milliseconds) ms too long")
    }

    private func due(_ state: LiveLease) -> MonotonicTime {
        let whole = TimeSpan.seconds(state.seconds)
        let slow = whole / (1_000_000 - driftMillionths) * driftMillionths
        return max(state.startedAt, promotedAt) + whole + slow
    }

    /// Whether leases that expired before this one, or not much later, are being revoked: a refused
    /// revocation is proposed again after others.
    private func isNext(_ due: MonotonicTime, at now: MonotonicTime) -> Bool {
        expirations.contains {
            $0.revokedAt + Self.tolerance >= now && $0.due <= due + Self.tolerance
        }
    }
}

/// A leader's response to a time-to-live request.
package struct RecordedTimeToLive: Hashable, Sendable {
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

/// Time-to-live responses and keys.
extension LeaseChecker {
    /// Checks the response of a confirmed leader about a live lease, at the time when it read the
    /// lease; `keys` are those attached to it then.
    package func require(
        _ report: RecordedTimeToLive, of lease: Int64, keys: [String], at now: MonotonicTime
    ) throws(Finding) {
        guard report.keys == keys else {
            throw Finding("lease \(lease) is reported with keys \(report.keys), it has \(keys)")
        }
        guard let state = liveLeases[lease] else { return }
        // A new leader extends the lease by an election timeout.
        guard report.grantedSeconds == state.seconds,
            report.remainingSeconds <= state.seconds + 1, report.remainingSeconds >= 0
        else {
            throw Finding(
                "lease \(lease) was granted for \(state.seconds) s, reported is \(report)")
        }
        try require(report, isNotLongerThan: state, of: lease, at: now)
        guard state.promisedUntil > now else { return }
        let left = state.promisedUntil - now
        let shown = left - left / 1_000_000 * driftMillionths
        guard .seconds(report.remainingSeconds + 1) > shown else {
            throw Finding(
                "lease \(lease) has \(left.milliseconds) ms left by promise, reported is \(report)")
        }
    }

    /// Requires that only a renewal or a new leader has restarted the clock.
    private func require(
        _ report: RecordedTimeToLive, isNotLongerThan state: LiveLease, of lease: Int64,
        at now: MonotonicTime
    ) throws(Finding) {
        let began = max(state.startedAt, promotedAt)
        let elapsed = now - began
        let whole =
            .seconds(state.seconds + 1) - elapsed + elapsed / 1_000_000 * driftMillionths
        guard report.remainingSeconds > 0,
            .seconds(report.remainingSeconds) > whole + Self.rounding
        else { return }
        throw Finding(
            "lease \(lease) lives too long: its clock started \(elapsed.milliseconds) ms ago, "
                + "reported is \(report)")
    }

    /// Requires that the revocation of a lease deletes exactly its keys, in order.
    package func requireKeys(
        of lease: Int64, _ keys: [String], deletedBy changes: [RecordedChange]
    ) throws(Finding) {
        guard changes.allSatisfy(\.isDeletion), changes.map(\.key) == keys else {
            throw Finding("lease \(lease) had keys \(keys), its revocation changes \(changes)")
        }
    }
}
