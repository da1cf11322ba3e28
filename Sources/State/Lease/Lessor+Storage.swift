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
        // Three scalar fields: serialisation has nothing that can fail.
        guard let bytes: [UInt8] = try? message.serializedBytes() else { return }
        batch.put(bucket: Self.bucket, key: lease.id.storageKey, value: bytes)
    }

    /// Reads back the stored leases, at start.
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

    /// - Returns: the key of the first record that is no lease; nil if all are.
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

    /// Reads back one stored lease.
    ///
    /// - Returns: false when the bytes are not a lease, or one of a length that none is granted.
    mutating func restore(storedValue: UnsafeRawBufferPointer) -> Bool {
        guard let message = try? Leasepb_Lease(serializedBytes: [UInt8](storedValue)),
            message.ttl <= Self.maximumSeconds
        else { return false }
        let id = LeaseID(rawValue: message.id)
        var lease = Lease(id: id, grantedSeconds: max(message.ttl, minimumSeconds))
        lease.checkpointedSeconds = message.remainingTtl
        leases[id] = lease
        return true
    }
}

/// Damage in bucket `lease`. It stops the start, as in etcd: without its lease a key would stay for
/// ever.
package enum LeaseRestoreError: Error, Equatable, Sendable {
    case damagedPage(PageFault)
    case malformedRecord(key: [UInt8])
}
