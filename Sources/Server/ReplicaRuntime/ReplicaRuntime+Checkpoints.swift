package import EtcdAPI
package import Lease

extension ReplicaRuntime {
    /// Tells all members how much is left of these leases.
    func proposeCheckpoint(
        of leases: [(id: LeaseID, remainingSeconds: Int64)], asLeaderOf term: UInt64
    ) {
        proposeOwn(
            asLeaderOf: term, field: InternalRaftRequest.Field.leaseCheckpoint,
            payload: Self.checkpoint(of: leases))
    }

    /// The request that tells how much is left of leases; 0 takes a former checkpoint back.
    package static func checkpoint(
        of leases: [(id: LeaseID, remainingSeconds: Int64)]
    ) -> [UInt8] {
        var request = Etcdserverpb_LeaseCheckpointRequest()
        request.checkpoints = leases.map { lease in
            var checkpoint = Etcdserverpb_LeaseCheckpoint()
            checkpoint.id = lease.id.rawValue
            checkpoint.remainingTtl = lease.remainingSeconds
            return checkpoint
        }
        // Numbers alone: serialization has nothing that can fail.
        return (try? request.serializedBytes()) ?? []
    }
}
