package import Bolt
package import EtcdAPI
package import Identifiers
package import MonotonicClock

/// Grants, renews and revokes leases, and tracks the keys attached to each.
///
/// The whole lease state of a member, owned by the apply thread. Changes from the log (`grant`,
/// `revoke`, `checkpoint`, `attach`, `detach`) are deterministic. Clocks run only while this member
/// is the primary lessor, that is the leader; on other members leases do not expire, so that a
/// follower never ends one by itself.
///
/// Invariants: a key is attached to at most one lease; `leaseOfKey` and `Lease.keys` are inverse to
/// each other; while primary, every lease has an expiry and an entry in the expiry queue at or
/// before it.
package struct Lessor {
    /// Longest time to live, in seconds.
    package static let ttlSecondsMax: Int64 = 9_000_000_000

    static let bucket = [UInt8]("lease".utf8)

    let ttlSecondsMin: Int64
    /// Time between two checkpoints of a lease; nil without checkpoints.
    let checkpointInterval: TimeSpan?
    var leases: [LeaseID: Lease] = [:]
    var leaseOfKey: [[UInt8]: LeaseID] = [:]
    var queue = ExpiryQueue()
    var checkpointQueue = ExpiryQueue()
    /// Expired leases whose revocation was requested lately.
    var reported: Set<LeaseID> = []
    /// The term in which this member is the primary lessor; nil while its clocks are stopped.
    package internal(set) var primaryTerm: Term?

    /// - Parameters:
    ///   - ttlSecondsMin: shorter requests are raised to this (3/2 election timeouts).
    ///   - checkpointInterval: how often the remaining TTL of a long lease is
    ///     replicated; nil for never.
    package init(ttlSecondsMin: Int64, checkpointInterval: TimeSpan? = nil) {
        self.ttlSecondsMin = ttlSecondsMin
        self.checkpointInterval = checkpointInterval
    }

    /// Whether expiry clocks run here.
    package var isPrimary: Bool { primaryTerm != nil }

    /// Number of leases.
    package var count: Int { leases.count }

    /// Whether any key is attached to a lease.
    package var hasAttachments: Bool { !leaseOfKey.isEmpty }

    /// The lease with an id, if it exists.
    package subscript(id: LeaseID) -> Lease? { leases[id] }

    /// The lease that a key is attached to.
    package func lease(ofKey key: [UInt8]) -> LeaseID { leaseOfKey[key] ?? .none }

    /// Creates a lease and stores it.
    ///
    /// - Throws: `leaseTTLTooLarge`, `leaseExists`, or `leaseNotFound` for id 0 as etcd does.
    package mutating func grant(
        _ id: LeaseID, seconds: Int64, now: MonotonicTime, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> Lease {
        guard id != .none else { throw .leaseNotFound }
        guard seconds <= Self.ttlSecondsMax else { throw .leaseTTLTooLarge }
        guard leases[id] == nil else { throw .leaseExists }
        var lease = Lease(id: id, grantedSeconds: max(seconds, ttlSecondsMin))
        if isPrimary {
            let expiry = now + lease.grantedTime
            lease.expiry = expiry
            queue.insert(id, at: expiry)
        }
        leases[id] = lease
        scheduleCheckpoint(of: id, now: now)
        persist(lease, into: &batch)
        return lease
    }

    /// Removes a lease. The caller deletes the returned keys in the same transaction.
    ///
    /// - Returns: the attached keys, ascending.
    package mutating func revoke(
        _ id: LeaseID, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> [[UInt8]] {
        guard let lease = leases.removeValue(forKey: id) else { throw .leaseNotFound }
        reported.remove(id)
        detachAll(of: lease)
        batch.delete(bucket: Self.bucket, key: id.storageKey)
        compactQueue()
        return lease.sortedKeys
    }

    /// Of many keys it is cheaper to keep the others than to remove each.
    private mutating func detachAll(of lease: Lease) {
        if 2 * lease.keys.count >= leaseOfKey.count {
            leaseOfKey = leaseOfKey.filter { $0.value != lease.id }
        } else {
            for key in lease.keys { leaseOfKey[key] = nil }
        }
    }

    /// Rebuilds the queue once most of its entries are of removed leases.
    private mutating func compactQueue() {
        guard queue.count > 2 * leases.count + 1024 else { return }
        queue = ExpiryQueue(
            leases.values.compactMap { lease in
                lease.expiry.map { ExpiryQueue.Entry(time: $0, id: lease.id) }
            })
    }

    /// Attaches a key to a lease and detaches it from its previous one.
    ///
    /// The lease must exist: applying a put checks that before writing anything.
    package mutating func attach(_ key: [UInt8], to id: LeaseID) {
        detach(key)
        guard leases[id] != nil else { return }
        leases[id]?.keys.insert(key)
        leaseOfKey[key] = id
    }

    /// Detaches a key from its lease, if any.
    package mutating func detach(_ key: [UInt8]) {
        guard let old = leaseOfKey.removeValue(forKey: key) else { return }
        leases[old]?.keys.remove(key)
    }

    /// Records the remaining TTL of a lease, from which the next primary lessor starts.
    package mutating func checkpoint(
        _ id: LeaseID, remainingSeconds: Int64, persist: Bool, into batch: inout BoltWriteBatch
    ) {
        guard leases[id] != nil else { return }
        leases[id]?.checkpointedSeconds = remainingSeconds
        leases[id]?.isCheckpointPending = false
        if persist, let lease = leases[id] { self.persist(lease, into: &batch) }
    }
}
