/// Checkpoints: how much of a long lease is left, told to all members now and then, so that a
/// change of leader does not give it its whole life again.
extension Lessor {
    /// Checkpoints of a lease that is longer than the interval, if there are to be any here.
    package mutating func scheduleCheckpoint(of id: LeaseID, now: ClockMilliseconds) {
        guard isPrimary, let interval = checkpointIntervalMilliseconds,
            let lease = leases[id], lease.restoredMilliseconds > interval
        else { return }
        leases[id]?.nextCheckpoint = now + interval
        checkpointQueue.insert(id, at: now + interval)
    }

    /// Rests of leases that are to be told to all members now, at most `limit`.
    package mutating func takeCheckpoints(
        limit: Int, now: ClockMilliseconds
    ) -> [(id: LeaseID, remainingSeconds: Int64)] {
        guard isPrimary else { return [] }
        var due: [(id: LeaseID, remainingSeconds: Int64)] = []
        while due.count < limit, let entry = checkpointQueue.first, entry.time <= now {
            checkpointQueue.removeFirst()
            // Entries of ended leases, and those scheduled anew since, have no effect.
            guard let lease = leases[entry.id], lease.nextCheckpoint == entry.time else { continue }
            leases[entry.id]?.nextCheckpoint = nil
            guard let expiry = lease.expiry, expiry > now else { continue }
            let remaining = (expiry - now + 999) / 1000
            guard remaining < lease.grantedSeconds else { continue }
            leases[entry.id]?.isCheckpointUnderWay = true
            due.append((entry.id, remaining))
        }
        return due
    }

    /// Schedules all leases anew, after a promotion.
    mutating func scheduleCheckpoints(now: ClockMilliseconds) {
        checkpointQueue.removeAll()
        guard checkpointIntervalMilliseconds != nil else { return }
        for id in leases.keys.sorted() { scheduleCheckpoint(of: id, now: now) }
    }
}
