package import Identifiers
package import MonotonicClock
package import Raft

/// One of the two streams that a member opens to another.
package enum PeerStreamKind: String, Sendable, CaseIterable {
    case append = "stream MsgApp v2"
    case message = "stream Message"

    /// Its component in the URL path.
    var pathName: String {
        switch self {
        case .append: "msgapp"
        case .message: "message"
        }
    }
}

/// Direction of the messages on a stream.
package enum PeerStreamDirection: Sendable {
    /// From the other member; this member opened the stream.
    case incoming
    /// To the other member, which opened the stream.
    case outgoing
}

/// Why a message was dropped.
package enum PeerDropReason: Sendable {
    /// Its queue is full.
    case queueFull
    /// Its type is unknown to this version.
    case unknownType
    /// Its sender was removed from the cluster.
    case removedSender
    /// It is addressed to another member.
    case otherTarget
}

/// The two round trippers that are probed.
package enum PeerProbeKind: String, Sendable {
    case message = "ROUND_TRIPPER_RAFT_MESSAGE"
    case snapshot = "ROUND_TRIPPER_SNAPSHOT"
}

/// Events of the connections to other members, to be logged.
package enum PeerEvent: Sendable, Equatable {
    case peerAdded(MemberID, urls: [String])
    case remoteAdded(MemberID, urls: [String])
    case peerUpdated(MemberID, urls: [String])
    case peerRemoved(MemberID, wasKnown: Bool)
    case becameActive(MemberID)
    case becameInactive(MemberID, reason: String)
    case dialFailed(MemberID, PeerStreamKind, reason: String)
    case streamEstablished(MemberID, PeerStreamKind, PeerStreamDirection)
    case streamLost(MemberID, PeerStreamKind, PeerStreamDirection, reason: String)
    case streamStopped(MemberID, PeerStreamKind, PeerStreamDirection)

    /// A request with an incompatible version was refused; the texts are from its headers.
    case versionRefused(from: String, version: String, clusterVersionMin: String)
    /// A request with another cluster ID was refused.
    case clusterRefused(from: String, version: String, cluster: String)
    case removedSenderRefused(MemberID)
    case unknownSenderRefused(MemberID)
    /// A stream request addressed to another member.
    case misdirectedRefused(MemberID, to: String)
    /// The other member refused this one: `incompatible version`, `cluster ID mismatch`.
    case refusedBy(MemberID, reason: String, cluster: String)
    case messageUnreadable(reason: String)
    case sendingDropped(MessageType, to: MemberID, PeerDropReason, isActive: Bool)
    case receivedDropped(MessageType, from: MemberID, PeerDropReason)

    case snapshotSending(to: MemberID, index: LogIndex, sizeBytes: Int)
    case snapshotSent(to: MemberID, index: LogIndex, sizeBytes: Int)
    case snapshotSendFailed(to: MemberID, index: LogIndex, sizeBytes: Int, reason: String)
    case snapshotReceiving(from: MemberID, index: LogIndex, messageBytes: Int)
    case snapshotReceived(from: MemberID, index: LogIndex, sizeBytes: Int, time: TimeSpan)
    case snapshotReceiveFailed(from: MemberID, index: LogIndex, reason: String)

    case probeUnhealthy(MemberID, PeerProbeKind, roundTrip: TimeSpan, reason: String)
    case clockDrift(MemberID, PeerProbeKind, drift: TimeSpan, roundTrip: TimeSpan)
}
