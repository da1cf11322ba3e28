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
    ) throws(LeaseRecordError) {
        guard let bucket = transaction.bucket(Self.bucket) else { return }
        var cursor = bucket.cursor()
        var record = cursor.first()
        while let (key, value) = record {
            guard restore(storedValue: value) else {
                throw LeaseRecordError(key: [UInt8](key))
            }
            record = cursor.next()
        }
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

/// A damaged record in bucket `lease`. It stops the start, as in etcd: without its lease a key
/// would stay for ever.
package struct LeaseRecordError: Error, Equatable, Sendable {
    /// The record's key.
    package let key: [UInt8]
}
