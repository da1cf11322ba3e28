package import EtcdAPI

/// What became of a keepalive.
package enum LeaseRenewal: Equatable, Sendable {
    /// The clock starts again with this many seconds.
    case renewed(seconds: Int64)
    /// Over, but its revocation is still on the way: answer once it is applied.
    case expiring
    /// Its checkpointed rest, known or on its way through the log, has to be taken back first, by a
    /// checkpoint of 0, so that no later leader ends it earlier than is promised now.
    case checkpointed
    /// No such lease.
    case notFound
}

/// Clocks: they run only on the primary lessor.
extension Lessor {
    /// More leases than this ending in one second are spread out after a promotion.
    static let revokesPerSecond = 1000

    /// Pause before a lease whose revocation did not come through is reported again.
    static let revokeRetryMilliseconds: ClockMilliseconds = 3000

    /// Starts every clock anew, when this member becomes leader.
    ///
    /// Each lease gets its whole time again (or its checkpointed rest) plus `extension`, since
    /// nobody knows what the last leader granted. A pile-up within one second is spread to three
    /// quarters of the revocation rate, as etcd does, so that the rest of the load gets through.
    package mutating func promote(
        inTerm term: UInt64, extensionMilliseconds: Int64, now: ClockMilliseconds
    ) {
        primaryTerm = term
        queue.removeAll()
        var ends: [(time: ClockMilliseconds, id: LeaseID)] = []
        for (id, lease) in leases {
            ends.append((now + lease.restoredMilliseconds + extensionMilliseconds, id))
        }
        ends.sort { ($0.time, $0.id) < ($1.time, $1.id) }
        let endsPerSecond =
            ends.count > Self.revokesPerSecond ? 3 * Self.revokesPerSecond / 4 : Int.max
        var second = ends.first?.time ?? now
        var endsInSecond = 0
        for (time, id) in ends {
            if time >= second + 1000 {
                second = time
                endsInSecond = 0
            } else if endsInSecond == endsPerSecond {
                second += 1000
                endsInSecond = 0
            }
            endsInSecond += 1
            let expiry = max(time, endsPerSecond == .max ? time : second)
            leases[id]?.expiry = expiry
            queue.insert(id, at: expiry)
        }
        scheduleCheckpoints(now: now)
    }

    /// Stops every clock, when this member is no longer leader.
    package mutating func demote() {
        primaryTerm = nil
        queue.removeAll()
        checkpointQueue.removeAll()
        for id in leases.keys { leases[id]?.expiry = nil }
    }

    /// Restarts a lease's clock.
    package mutating func renew(_ id: LeaseID, now: ClockMilliseconds) -> LeaseRenewal {
        guard let lease = leases[id] else { return .notFound }
        guard let expiry = lease.expiry, expiry > now else { return .expiring }
        if checkpointIntervalMilliseconds != nil,
            lease.checkpointedSeconds > 0 || lease.isCheckpointUnderWay
        {
            return .checkpointed
        }
        leases[id]?.expiry = now + lease.grantedMilliseconds
        leases[id]?.checkpointedSeconds = 0
        return .renewed(seconds: lease.grantedSeconds)
    }

    /// Leases that are over, at most `limit`; each is reported again after a pause while it lives.
    package mutating func takeExpired(limit: Int, now: ClockMilliseconds) -> [LeaseID] {
        guard isPrimary else { return [] }
        var expired: [LeaseID] = []
        while expired.count < limit, let entry = queue.first, entry.time <= now {
            queue.removeFirst()
            guard let expiry = leases[entry.id]?.expiry else { continue }
            if expiry <= now {
                expired.append(entry.id)
                queue.insert(entry.id, at: now + Self.revokeRetryMilliseconds)
            } else {
                queue.insert(entry.id, at: expiry)
            }
        }
        return expired
    }

    /// All leases, the one that ends first in front.
    package func leasesByExpiry() -> [Lease] {
        leases.values.sorted { left, right in
            let leftEnd = left.expiry ?? .max
            let rightEnd = right.expiry ?? .max
            return leftEnd == rightEnd ? left.id < right.id : leftEnd < rightEnd
        }
    }
}
