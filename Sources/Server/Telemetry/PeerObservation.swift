package import Identifiers
import MonotonicClock
package import ServerLogging
package import PeerTransport

/// Logs the events of peer connections with etcd's messages.
package final class PeerObservation: Sendable {
    private let logger: ServerLogger
    private let local: LogValue

    package init(localID: MemberID, logger: ServerLogger) {
        local = .hex(localID.rawValue)
        self.logger = logger
    }

    package func log(_ event: PeerEvent) {
        switch event {
        case .peerAdded(let id, let urls): logAddresses("added remote peer", id, urls)
        case .remoteAdded(let id, let urls):
            logAddresses("added new remote peer", id, urls)
        case .peerUpdated(let id, let urls): logAddresses("updated remote peer", id, urls)
        case .peerRemoved(let id, let wasKnown): logRemoved(id, wasKnown: wasKnown)
        case .becameActive(let id):
            logger.info("peer became active", ["peer-id": .hex(id.rawValue)])
        case .becameInactive(let id, let reason):
            logger.warn(
                "peer became inactive (message send to peer failed)",
                ["peer-id": .hex(id.rawValue), "error": .string(reason)])
        case .dialFailed, .streamEstablished, .streamLost, .streamStopped: logStream(event)
        case .versionRefused, .clusterRefused, .removedSenderRefused, .unknownSenderRefused,
            .misdirectedRefused, .refusedBy, .messageUnreadable:
            logRefusal(event)
        case .sendingDropped, .receivedDropped: logDrop(event)
        case .snapshotSending, .snapshotSent, .snapshotSendFailed, .snapshotReceiving,
            .snapshotReceived, .snapshotReceiveFailed:
            logSnapshot(event)
        case .probeUnhealthy, .clockDrift: logProbe(event)
        }
    }

    private func logAddresses(_ message: String, _ id: MemberID, _ urls: [String]) {
        logger.info(
            message,
            [
                "local-member-id": local, "remote-peer-id": .hex(id.rawValue),
                "remote-peer-urls": .strings(urls),
            ])
    }

    private func logRemoved(_ id: MemberID, wasKnown: Bool) {
        guard wasKnown else {
            return logger.warn(
                "skipped removing already removed peer",
                ["local-member-id": local, "removed-remote-peer-id": .hex(id.rawValue)])
        }
        logger.info(
            "removed remote peer",
            ["local-member-id": local, "removed-remote-peer-id": .hex(id.rawValue)])
    }
}

extension PeerObservation {
    private func logStream(_ event: PeerEvent) {
        switch event {
        case .dialFailed(let id, let kind, let reason):
            logger.debug(
                "failed to dial stream",
                [
                    "stream-reader-type": .string(kind.rawValue),
                    "remote-peer-id": .hex(id.rawValue), "error": .string(reason),
                ])
        case .streamEstablished(let id, .append, .outgoing),
            .streamEstablished(let id, .message, .outgoing):
            logger.info(
                "established TCP streaming connection with remote peer",
                ["local-member-id": local, "remote-peer-id": .hex(id.rawValue)])
        case .streamEstablished(let id, let kind, .incoming):
            logger.info(
                "established TCP streaming connection with remote peer",
                [
                    "stream-reader-type": .string(kind.rawValue), "local-member-id": local,
                    "remote-peer-id": .hex(id.rawValue),
                ])
        case .streamLost(let id, let kind, let direction, let reason):
            let role = direction == .outgoing ? "stream-writer-type" : "stream-reader-type"
            logger.warn(
                "lost TCP streaming connection with remote peer",
                [
                    role: .string(kind.rawValue), "local-member-id": local,
                    "remote-peer-id": .hex(id.rawValue), "error": .string(reason),
                ])
        case .streamStopped(let id, let kind, let direction):
            let role = direction == .outgoing ? "stream-writer-type" : "stream-reader-type"
            logger.info(
                "stopped TCP streaming connection with remote peer",
                [role: .string(kind.rawValue), "remote-peer-id": .hex(id.rawValue)])
        default: break
        }
    }

    private func logRefusal(_ event: PeerEvent) {
        switch event {
        case .versionRefused(let from, let version, let minimum):
            logger.warn(
                "failed to check version compatibility",
                [
                    "local-member-id": local, "remote-peer-id": .string(from),
                    "remote-peer-server-version": .string(version),
                    "remote-peer-server-minimum-cluster-version": .string(minimum),
                ])
        case .clusterRefused(let from, let version, let cluster):
            logger.warn(
                "request cluster ID mismatch",
                [
                    "local-member-id": local, "remote-peer-id": .string(from),
                    "remote-peer-server-version": .string(version),
                    "remote-peer-cluster-id": .string(cluster),
                ])
        case .removedSenderRefused(let id):
            logger.warn(
                "rejected stream from remote peer because it was removed",
                ["local-member-id": local, "remote-peer-id-from": .hex(id.rawValue)])
        case .unknownSenderRefused(let id):
            logger.warn(
                "failed to find remote peer in cluster",
                ["local-member-id": local, "remote-peer-id-from": .hex(id.rawValue)])
        case .misdirectedRefused(let id, let to):
            logger.warn(
                "ignored streaming request; ID mismatch",
                [
                    "local-member-id": local, "remote-peer-id-header": .string(to),
                    "remote-peer-id-from": .hex(id.rawValue),
                ])
        case .refusedBy(let id, let reason, let cluster):
            logger.warn(
                "request sent was ignored by remote peer",
                [
                    "local-member-id": local, "remote-peer-id": .hex(id.rawValue),
                    "remote-peer-cluster-id": .string(cluster), "error": .string(reason),
                ])
        case .messageUnreadable(let reason):
            logger.warn(
                "failed to unmarshal Raft message",
                ["local-member-id": local, "error": .string(reason)])
        default: break
        }
    }

    private func logDrop(_ event: PeerEvent) {
        switch event {
        case .sendingDropped(let type, let to, let reason, let isActive):
            logger.warn(
                "dropped internal Raft message",
                [
                    "message-type": .string("\(type)"), "local-member-id": local,
                    "remote-peer-id": .hex(to.rawValue), "remote-peer-active": .boolean(isActive),
                    "reason": .string("\(reason)"),
                ])
        case .receivedDropped(let type, let from, let reason):
            logger.warn(
                "dropped received Raft message",
                [
                    "message-type": .string("\(type)"), "local-member-id": local,
                    "from": .hex(from.rawValue), "reason": .string("\(reason)"),
                ])
        default: break
        }
    }

    private func logSnapshot(_ event: PeerEvent) {
        switch event {
        case .snapshotSending(let to, let index, let size):
            logger.info("sending database snapshot", sent(to, index, size))
        case .snapshotSent(let to, let index, let size):
            logger.info("sent database snapshot", sent(to, index, size))
        case .snapshotSendFailed(let to, let index, _, let reason):
            logger.warn(
                "failed to send database snapshot",
                [
                    "snapshot-index": .unsigned(index.rawValue),
                    "remote-peer-id": .hex(to.rawValue), "error": .string(reason),
                ])
        case .snapshotReceiving(let from, let index, let size):
            logger.info(
                "receiving database snapshot",
                [
                    "local-member-id": local, "remote-snapshot-sender-id": .hex(from.rawValue),
                    "incoming-snapshot-index": .unsigned(index.rawValue),
                    "incoming-snapshot-message-size-bytes": .number(size),
                ])
        case .snapshotReceived(let from, let index, let size, let time):
            logger.info(
                "received and saved database snapshot",
                [
                    "local-member-id": local, "remote-snapshot-sender-id": .hex(from.rawValue),
                    "incoming-snapshot-index": .unsigned(index.rawValue),
                    "incoming-snapshot-size-bytes": .number(size),
                    "download-took": .duration(Duration(time)),
                ])
        case .snapshotReceiveFailed(let from, let index, let reason):
            logger.warn(
                "failed to save incoming database snapshot",
                [
                    "local-member-id": local, "remote-snapshot-sender-id": .hex(from.rawValue),
                    "incoming-snapshot-index": .unsigned(index.rawValue),
                    "error": .string(reason),
                ])
        default: break
        }
    }

    private func sent(
        _ to: MemberID, _ index: LogIndex, _ size: Int
    ) -> KeyValuePairs<String, LogValue> {
        [
            "snapshot-index": .unsigned(index.rawValue), "remote-peer-id": .hex(to.rawValue),
            "bytes": .number(size), "size": .string(ByteCount.text(size)),
        ]
    }

    private func logProbe(_ event: PeerEvent) {
        switch event {
        case .probeUnhealthy(let id, let kind, let roundTrip, let reason):
            logger.warn(
                "prober detected unhealthy status",
                [
                    "round-tripper-name": .string(kind.rawValue),
                    "remote-peer-id": .hex(id.rawValue),
                    "rtt": .duration(Duration(roundTrip)),
                    "error": .string(reason),
                ])
        case .clockDrift(let id, let kind, let drift, let roundTrip):
            logger.warn(
                "prober found high clock drift",
                [
                    "round-tripper-name": .string(kind.rawValue),
                    "remote-peer-id": .hex(id.rawValue),
                    "clock-drift": .duration(Duration(drift)),
                    "rtt": .duration(Duration(roundTrip)),
                ])
        default: break
        }
    }
}
