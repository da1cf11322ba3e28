package import Identifiers
import Telemetry
package import Membership
import PeerTransport
package import Raft
import MemberRuntime
package import Stages

/// Sends the member's messages to its peers, and updates the peer connections when the membership
/// changes. Called by the member's stages; never blocks.
package final class MemberTransport: MessageTransport {
    private let transport: PeerTransport
    private let roster: PeerRoster
    private let status: PublishedStatus
    private let observation: MembershipObservation

    init(
        transport: PeerTransport, roster: PeerRoster, status: PublishedStatus,
        observation: MembershipObservation
    ) {
        self.transport = transport
        self.roster = roster
        self.status = status
        self.observation = observation
    }

    package func send(_ messages: [Message]) { transport.send(messages) }

    package func isConnected(to member: MemberID) -> Bool {
        transport.canSend(to: member)
    }

    package func send(_ snapshot: OutgoingSnapshot) {
        let database = DatabaseView(snapshot.database) { [status] in status.applied }
        transport.sendSnapshot(snapshot.message, database: database)
    }

    package func membershipChanged(_ membership: ClusterMembership) {
        let (before, difference) = roster.follow(membership)
        observation.logChanges(from: before, to: membership.members)
        for (id, urls) in difference.added { transport.addPeer(id, urls: urls) }
        for (id, urls) in difference.moved { transport.updatePeer(id, urls: urls) }
        for id in difference.gone { transport.removePeer(id) }
        transport.setRemoved(difference.removed)
        if difference.isRemoved { roster.wasRemoved() }
    }
}
