package import Bolt
package import EtcdAPI
import SwiftProtobuf

/// Bucket `lease`: id to leasepb.Lease, as etcd stores it.
extension Lessor {
    func persist(_ lease: Lease, into batch: inout BoltWriteBatch) {
        var message = Leasepb_Lease()
        message.id = lease.id.rawValue
        message.ttl = lease.grantedSeconds
        message.remainingTtl = lease.checkpointedSeconds
        // Serialization of three scalar fields cannot fail.
        guard let bytes: [UInt8] = try? message.serializedBytes() else { return }
        batch.put(bucket: Self.bucket, key: lease.id.storageKey, value: bytes)
    }

    /// Reads the stored leases, at start.
    package mutating func restore(
        from transaction: BoltReadTransaction
    ) throws(LeaseRestoreError) {
        var malformed: [UInt8]?
        do throws(PageFault) {
            malformed = try restoreRecords(of: transaction)
        } catch {
            throw .damagedPage(error)
        }
        if let malformed { throw .malformedRecord(key: malformed) }
    }

    /// - Returns: the key of the first malformed record; nil if there is none.
    private mutating func restoreRecords(
        of transaction: BoltReadTransaction
    ) throws(PageFault) -> [UInt8]? {
        guard let bucket = try transaction.bucket(Self.bucket) else { return nil }
        var cursor = bucket.cursor()
        while let (key, value) = try cursor.next() {
            guard restore(storedValue: value) else { return [UInt8](key) }
        }
        return nil
    }

    /// Reads one stored lease.
    ///
    /// - Returns: false when the bytes are not a lease or its TTL is above the maximum.
    mutating func restore(storedValue: UnsafeRawBufferPointer) -> Bool {
        guard let message = try? Leasepb_Lease(serializedBytes: [UInt8](storedValue)),
            message.ttl <= Self.ttlSecondsMax
        else { return false }
        let id = LeaseID(rawValue: message.id)
        var lease = Lease(id: id, grantedSeconds: max(message.ttl, ttlSecondsMin))
        lease.checkpointedSeconds = message.remainingTtl
        leases[id] = lease
        return true
    }
}

/// Damage in bucket `lease`. It stops the start, as in etcd: without its lease a key would never
/// expire.
package enum LeaseRestoreError: Error, Equatable, Sendable {
    case damagedPage(PageFault)
    case malformedRecord(key: [UInt8])
}
