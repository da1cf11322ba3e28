package import Bolt
package import EtcdAPI

/// Grants, renews and ends leases, and knows which keys hang on each.
///
/// What it is: the whole lease state of a member, owned by the apply thread. Changes that come
/// out of the log (`grant`, `revoke`, `checkpoint`, `attach`, `detach`) are deterministic. Clocks
/// run only while this member is the primary lessor, that is the leader; elsewhere a lease lasts
/// forever, so that no follower ever ends one by itself.
///
/// Invariants: a key hangs on at most one lease; `leaseOfKey` and `Lease.keys` mirror each other;
/// while primary every lease has an expiry and an entry in the expiry queue at or before it.
package struct Lessor {
    /// Longest accepted time to live, in seconds.
    package static let maximumSeconds: Int64 = 9_000_000_000

    static let bucket = [UInt8]("lease".utf8)

    let minimumSeconds: Int64
    /// Time between two checkpoints of a lease; nil where there are none.
    let checkpointIntervalMilliseconds: Int64?
    var leases: [LeaseID: Lease] = [:]
    var leaseOfKey: [[UInt8]: LeaseID] = [:]
    var queue = ExpiryQueue()
    var checkpointQueue = ExpiryQueue()
    /// The term in which this member leads and has its clocks run; nil while they stand still.
    package internal(set) var primaryTerm: UInt64?

    /// - Parameters:
    ///   - minimumSeconds: shorter requests are raised to this (3/2 election timeouts).
    ///   - checkpointIntervalMilliseconds: how often the rest of a long lease is told to all
    ///     members; nil for never.
    package init(minimumSeconds: Int64, checkpointIntervalMilliseconds: Int64? = nil) {
        self.minimumSeconds = minimumSeconds
        self.checkpointIntervalMilliseconds = checkpointIntervalMilliseconds
    }

    /// Whether expiry clocks run here.
    package var isPrimary: Bool { primaryTerm != nil }

    /// How many leases live.
    package var count: Int { leases.count }

    /// Whether any key hangs on a lease.
    package var hasAttachments: Bool { !leaseOfKey.isEmpty }

    /// The lease of that id, if it lives.
    package subscript(id: LeaseID) -> Lease? { leases[id] }

    /// The lease that a key hangs on.
    package func lease(ofKey key: [UInt8]) -> LeaseID { leaseOfKey[key] ?? .none }

    /// Creates a lease and records it.
    ///
    /// - Throws: `leaseTTLTooLarge`, `leaseExists`, or `leaseNotFound` for id 0 as etcd does.
    package mutating func grant(
        _ id: LeaseID, seconds: Int64, now: ClockMilliseconds, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> Lease {
        guard id != .none else { throw .leaseNotFound }
        guard seconds <= Self.maximumSeconds else { throw .leaseTTLTooLarge }
        guard leases[id] == nil else { throw .leaseExists }
        var lease = Lease(id: id, grantedSeconds: max(seconds, minimumSeconds))
        if isPrimary {
            let expiry = now + lease.grantedMilliseconds
            lease.expiry = expiry
            queue.insert(id, at: expiry)
        }
        leases[id] = lease
        scheduleCheckpoint(of: id, now: now)
        persist(lease, into: &batch)
        return lease
    }

    /// Ends a lease. The caller deletes the returned keys in the same transaction.
    ///
    /// - Returns: the attached keys, ascending.
    package mutating func revoke(
        _ id: LeaseID, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> [[UInt8]] {
        guard let lease = leases.removeValue(forKey: id) else { throw .leaseNotFound }
        for key in lease.keys { leaseOfKey[key] = nil }
        batch.delete(bucket: Self.bucket, key: id.storageKey)
        forgetEnded()
        return lease.sortedKeys
    }

    /// Entries of ended leases leave the queue once they are its larger part.
    private mutating func forgetEnded() {
        guard queue.count > 2 * leases.count + 1024 else { return }
        queue.removeAll()
        for (id, lease) in leases {
            if let expiry = lease.expiry { queue.insert(id, at: expiry) }
        }
    }

    /// Hangs a key on a lease, taking it from the one it hung on before.
    ///
    /// The lease must live: whoever applies a put has checked it before writing anything.
    package mutating func attach(_ key: [UInt8], to id: LeaseID) {
        detach(key)
        guard leases[id] != nil else { return }
        leases[id]?.keys.insert(key)
        leaseOfKey[key] = id
    }

    /// Takes a key from the lease it hangs on, if any.
    package mutating func detach(_ key: [UInt8]) {
        guard let old = leaseOfKey.removeValue(forKey: key) else { return }
        leases[old]?.keys.remove(key)
    }

    /// Records how much of a lease is left, for the next primary to start from.
    package mutating func checkpoint(
        _ id: LeaseID, remainingSeconds: Int64, persist: Bool, into batch: inout BoltWriteBatch
    ) {
        guard leases[id] != nil else { return }
        leases[id]?.checkpointedSeconds = remainingSeconds
        leases[id]?.isCheckpointUnderWay = false
        if persist, let lease = leases[id] { self.persist(lease, into: &batch) }
    }
}
