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

    /// Reads back one stored lease, at start.
    ///
    /// - Returns: false when the bytes are not a lease.
    package mutating func restore(storedValue: UnsafeRawBufferPointer) -> Bool {
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
