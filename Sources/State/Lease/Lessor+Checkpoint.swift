package import MonotonicClock

/// Checkpoints: the remaining TTL of a long lease is replicated periodically, so that a leader
/// change does not restart its full TTL.
extension Lessor {
    /// Schedules the next checkpoint if the lease's TTL exceeds the interval.
    package mutating func scheduleCheckpoint(of id: LeaseID, now: MonotonicTime) {
        guard isPrimary, let interval = checkpointInterval,
            let lease = leases[id], lease.restoredTime > interval
        else { return }
        leases[id]?.nextCheckpoint = now + interval
        checkpointQueue.insert(id, at: now + interval)
    }

    /// Checkpoints that are due, at most `limit`.
    package mutating func takeCheckpoints(
        limit: Int, now: MonotonicTime
    ) -> [(id: LeaseID, remainingSeconds: Int64)] {
        guard isPrimary else { return [] }
        var due: [(id: LeaseID, remainingSeconds: Int64)] = []
        while due.count < limit, let entry = checkpointQueue.first, entry.time <= now {
            checkpointQueue.removeFirst()
            // Entries of removed leases and outdated entries have no effect.
            guard let lease = leases[entry.id], lease.nextCheckpoint == entry.time else { continue }
            leases[entry.id]?.nextCheckpoint = nil
            guard let expiry = lease.expiry, expiry > now else { continue }
            let remaining = (expiry - now).secondsRoundedUp
            guard remaining < lease.grantedSeconds else { continue }
            leases[entry.id]?.isCheckpointPending = true
            due.append((entry.id, remaining))
        }
        return due
    }

    /// Reschedules all leases, after a promotion.
    mutating func scheduleCheckpoints(now: MonotonicTime) {
        checkpointQueue.removeAll()
        guard checkpointInterval != nil else { return }
        for id in leases.keys.sorted() { scheduleCheckpoint(of: id, now: now) }
    }
}
