package import Raft

/// One of the two streams that a member opens to another.
package enum PeerStreamKind: String, Sendable, CaseIterable {
    case append = "stream MsgApp v2"
    case message = "stream Message"

    /// The last directory of its URL.
    var pathName: String {
        switch self {
        case .append: "msgapp"
        case .message: "message"
        }
    }
}

/// Which way messages go on a stream.
package enum PeerStreamDirection: Sendable {
    /// From the other member: this one opened it.
    case incoming
    /// To the other member: it opened the stream.
    case outgoing
}

/// Why a message went no further.
package enum PeerDropReason: Sendable {
    /// Too much waits for the channel it was to take.
    case queueFull
    /// It has a type that this version does not know.
    case unknownType
    /// Its sender was removed from the cluster.
    case removedSender
    /// It is for another member.
    case otherTarget
}

/// The two connections that are probed.
package enum PeerProbeKind: String, Sendable {
    case message = "ROUND_TRIPPER_RAFT_MESSAGE"
    case snapshot = "ROUND_TRIPPER_SNAPSHOT"
}

/// What a log should tell about the links to other members.
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

    /// A request of another version was refused; texts as its headers had them.
    case versionRefused(from: String, version: String, minimumClusterVersion: String)
    /// A request of another cluster was refused.
    case clusterRefused(from: String, version: String, cluster: String)
    case removedSenderRefused(MemberID)
    case unknownSenderRefused(MemberID)
    /// A stream that was meant for another member.
    case misdirectedRefused(MemberID, to: String)
    /// The other member refused this one: `incompatible version`, `cluster ID mismatch`.
    case refusedBy(MemberID, reason: String, cluster: String)
    case messageUnreadable(reason: String)
    case sendingDropped(MessageType, to: MemberID, PeerDropReason, isActive: Bool)
    case receivedDropped(MessageType, from: MemberID, PeerDropReason)

    case snapshotSending(to: MemberID, index: LogIndex, sizeBytes: Int)
    case snapshotSent(to: MemberID, index: LogIndex, sizeBytes: Int)
    case snapshotNotSent(to: MemberID, index: LogIndex, sizeBytes: Int, reason: String)
    case snapshotReceiving(from: MemberID, index: LogIndex, messageBytes: Int)
    case snapshotReceived(
        from: MemberID, index: LogIndex, sizeBytes: Int, milliseconds: Int64)
    case snapshotNotReceived(from: MemberID, index: LogIndex, reason: String)

    case probeUnhealthy(MemberID, PeerProbeKind, roundTripMilliseconds: Double, reason: String)
    case clockDrift(
        MemberID, PeerProbeKind, driftMilliseconds: Double, roundTripMilliseconds: Double)
}
