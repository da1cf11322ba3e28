package import EtcdAPI
package import Identifiers
package import MonotonicClock

/// The result of a keepalive.
package enum LeaseRenewal: Equatable, Sendable {
    /// The clock restarts with this many seconds.
    case renewed(seconds: Int64)
    /// Expired, but its revocation is not applied yet: respond once it is.
    case expiring
    /// Its remaining TTL, checkpointed or still in the log, has to be reset first by a checkpoint
    /// of 0, so that no later leader ends the lease earlier than is promised now.
    case checkpointed
    /// No such lease.
    case notFound
}

/// Clocks, which run only on the primary lessor.
extension Lessor {
    /// If more leases than this expire in one second, a promotion spreads them out.
    static let revokesPerSecond = 1000

    /// Delay before an expired lease that still exists is reported again.
    static let revokeRetryDelay = TimeSpan.seconds(3)

    /// Restarts all clocks when this member becomes leader.
    ///
    /// Each lease gets its full TTL (or its checkpointed remaining TTL) plus `extraTime`, since the
    /// renewals of the last leader are unknown. If too many expire within one second, they are
    /// spread to three quarters of the revocation rate, as etcd does, to leave time for other
    /// requests.
    package mutating func promote(
        inTerm term: Term, extraTime: TimeSpan, now: MonotonicTime
    ) {
        primaryTerm = term
        queue.removeAll()
        var expiries: [(time: MonotonicTime, id: LeaseID)] = []
        for (id, lease) in leases {
            expiries.append((now + lease.restoredTime + extraTime, id))
        }
        expiries.sort { ($0.time, $0.id) < ($1.time, $1.id) }
        let expiriesPerSecond =
            expiries.count > Self.revokesPerSecond ? 3 * Self.revokesPerSecond / 4 : Int.max
        var second = expiries.first?.time ?? now
        var expiriesInSecond = 0
        for (time, id) in expiries {
            if time >= second + .seconds(1) {
                second = time
                expiriesInSecond = 0
            } else if expiriesInSecond == expiriesPerSecond {
                second = second + .seconds(1)
                expiriesInSecond = 0
            }
            expiriesInSecond += 1
            let expiry = max(time, expiriesPerSecond == .max ? time : second)
            leases[id]?.expiry = expiry
            queue.insert(id, at: expiry)
        }
        scheduleCheckpoints(now: now)
    }

    /// Stops all clocks when this member is no longer leader.
    package mutating func demote() {
        primaryTerm = nil
        queue.removeAll()
        reported.removeAll()
        checkpointQueue.removeAll()
        for id in leases.keys { leases[id]?.expiry = nil }
    }

    /// Restarts a lease's clock.
    package mutating func renew(_ id: LeaseID, now: MonotonicTime) -> LeaseRenewal {
        guard let lease = leases[id] else { return .notFound }
        guard let expiry = lease.expiry, expiry > now else { return .expiring }
        if checkpointInterval != nil,
            lease.checkpointedSeconds > 0 || lease.isCheckpointPending
        {
            return .checkpointed
        }
        leases[id]?.expiry = now + lease.grantedTime
        leases[id]?.checkpointedSeconds = 0
        return .renewed(seconds: lease.grantedSeconds)
    }

    /// Expired leases, at most `limit`. Each is reported again after a delay while it exists.
    package mutating func takeExpired(limit: Int, now: MonotonicTime) -> [LeaseID] {
        guard isPrimary else { return [] }
        var expired: [LeaseID] = []
        while expired.count < limit, let entry = queue.first, entry.time <= now {
            queue.removeFirst()
            guard let expiry = leases[entry.id]?.expiry else { continue }
            if expiry <= now {
                expired.append(entry.id)
                reported.insert(entry.id)
                queue.insert(entry.id, at: now + Self.revokeRetryDelay)
            } else {
                queue.insert(entry.id, at: expiry)
            }
        }
        return expired
    }

    /// Whether more leases may have expired than `takeExpired` has returned.
    package func hasExpired(at now: MonotonicTime) -> Bool {
        isPrimary && queue.first.map { $0.time <= now } ?? false
    }

    /// Leases that `takeExpired` has returned since `forgetReported`, and that still exist.
    package var reportedCount: Int { reported.count }

    /// Some of the reported leases may not be revoked for long: they do not count any more.
    package mutating func forgetReported() { reported.removeAll(keepingCapacity: true) }

    /// All leases, ordered by expiry.
    package func leasesByExpiry() -> [Lease] {
        leases.values.sorted { left, right in
            let leftExpiry = left.expiry ?? .distantFuture
            let rightExpiry = right.expiry ?? .distantFuture
            return leftExpiry == rightExpiry ? left.id < right.id : leftExpiry < rightExpiry
        }
    }
}
