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
        // There may be a million: each is found by its index.
        var expiries: [(entry: ExpiryQueue.Entry, index: Dictionary<LeaseID, Lease>.Index)] = []
        expiries.reserveCapacity(leases.count)
        for index in leases.indices {
            let lease = leases.values[index]
            let time = now + lease.restoredTime + extraTime
            expiries.append((ExpiryQueue.Entry(time: time, id: lease.id), index))
        }
        expiries.sort { $0.entry < $1.entry }
        let expiriesPerSecond =
            expiries.count > Self.revokesPerSecond ? 3 * Self.revokesPerSecond / 4 : Int.max
        var second = expiries.first?.entry.time ?? now
        var expiriesInSecond = 0
        var entries: [ExpiryQueue.Entry] = []
        entries.reserveCapacity(leases.count)
        for (entry, index) in expiries {
            let time = entry.time
            if time >= second + .seconds(1) {
                second = time
                expiriesInSecond = 0
            } else if expiriesInSecond == expiriesPerSecond {
                second = second + .seconds(1)
                expiriesInSecond = 0
            }
            expiriesInSecond += 1
            let expiry = max(time, expiriesPerSecond == .max ? time : second)
            leases.values[index].expiry = expiry
            entries.append(ExpiryQueue.Entry(time: expiry, id: entry.id))
        }
        queue = ExpiryQueue(entries)
        scheduleCheckpoints(now: now)
    }

    /// Stops all clocks when this member is no longer leader.
    package mutating func demote() {
        primaryTerm = nil
        queue.removeAll()
        reported.removeAll()
        checkpointQueue.removeAll()
        for index in leases.indices { leases.values[index].expiry = nil }
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

    /// All leases, unsorted. There may be a million, so only the fields that a list needs are copied,
    /// and the caller sorts them.
    package var listing: LeaseListing {
        LeaseListing(
            entries: leases.values.map {
                LeaseListing.Entry(
                    id: $0.id, expiry: $0.expiry ?? .distantFuture, keys: $0.keys)
            })
    }
}

/// The leases of one moment.
package struct LeaseListing: Sendable {
    package struct Entry: Sendable {
        package let id: LeaseID
        /// `distantFuture` on a member that is not the leader.
        package let expiry: MonotonicTime
        package let keys: Set<[UInt8]>
    }

    fileprivate let entries: [Entry]

    /// All leases, ordered by expiry, equal ones by ID.
    package var byExpiry: [Entry] {
        entries.sorted { ($0.expiry, $0.id) < ($1.expiry, $1.id) }
    }
}
