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

    /// Reads back the stored leases, at start. What is no lease is left out, as it has no effect.
    package mutating func restore(from transaction: BoltReadTransaction) throws(PageFault) {
        guard let bucket = try transaction.bucket(Self.bucket) else { return }
        var cursor = bucket.cursor()
        while let (_, value) = try cursor.next() { _ = restore(storedValue: value) }
    }

    /// Reads back one stored lease.
    ///
    /// - Returns: false when the bytes are not a lease.
    mutating func restore(storedValue: UnsafeRawBufferPointer) -> Bool {
        guard let message = try? Leasepb_Lease(serializedBytes: [UInt8](storedValue)) else {
            return false
        }
        let id = LeaseID(rawValue: message.id)
        var lease = Lease(id: id, grantedSeconds: max(message.ttl, minimumSeconds))
        lease.checkpointedSeconds = message.remainingTtl
        leases[id] = lease
        return true
    }
}
