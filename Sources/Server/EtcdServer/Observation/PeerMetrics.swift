import Gateway
import PeerTransport
import Raft

/// Metrics of the links to other members: durations as they come, counts when they are read.
final class PeerMetrics: Sendable {
    private let registry: MetricRegistry
    private let local: String

    init(localID: MemberID, registry: MetricRegistry) {
        local = Self.text(localID)
        self.registry = registry
    }

    private static func text(_ id: MemberID) -> String { String(id.rawValue, radix: 16) }

    /// Where the transport tells durations.
    var measurements: PeerMeasurements {
        let registry = self.registry
        return PeerMeasurements(
            roundTrip: { id, seconds in
                registry.histogram("etcd_network_peer_round_trip_time_seconds", Self.text(id))
                    .observe(seconds)
            },
            snapshotSent: { id, seconds in
                registry.histogram(
                    "etcd_network_snapshot_send_total_duration_seconds", Self.text(id)
                ).observe(seconds)
            },
            snapshotReceived: { id, seconds in
                registry.histogram(
                    "etcd_network_snapshot_receive_total_duration_seconds", Self.text(id)
                ).observe(seconds)
            })
    }

    /// Shows a transport's counts from now on.
    func watch(_ transport: PeerTransport) {
        registry.refreshOnScrape { [self, weak transport] in
            guard let transport else { return }
            let known = Set(transport.peers)
            for (id, figures) in transport.figures { show(figures, of: Self.text(id)) }
            for id in known {
                registry.gauge("etcd_network_known_peers", local, Self.text(id)).set(Int64(1))
            }
        }
    }

    private func show(_ figures: PeerFigures, of peer: String) {
        let counters: [(String, Int)] = [
            ("etcd_network_peer_sent_bytes_total", figures.sentBytes),
            ("etcd_network_peer_received_bytes_total", figures.receivedBytes),
            ("etcd_network_peer_sent_failures_total", figures.sendFailures),
            ("etcd_network_peer_received_failures_total", figures.receiveFailures),
            ("etcd_network_snapshot_send_success", figures.snapshotsSent),
            ("etcd_network_snapshot_send_failures", figures.snapshotSendFailures),
            ("etcd_network_snapshot_receive_success", figures.snapshotsReceived),
            ("etcd_network_snapshot_receive_failures", figures.snapshotReceiveFailures),
        ]
        for (name, count) in counters where count > 0 {
            registry.counter(name, peer).mirror(Double(count))
        }
        let (sending, receiving) = (figures.snapshotsSending, figures.snapshotsReceiving)
        if sending + figures.snapshotsSent + figures.snapshotSendFailures > 0 {
            registry.gauge("etcd_network_snapshot_send_inflights_total", peer).set(Int64(sending))
        }
        if receiving + figures.snapshotsReceived + figures.snapshotReceiveFailures > 0 {
            registry.gauge("etcd_network_snapshot_receive_inflights_total", peer)
                .set(Int64(receiving))
        }
        if figures.wasEverActive {
            registry.gauge("etcd_network_active_peers", local, peer)
                .set(figures.isActive)
        }
        if figures.disconnections > 0 {
            registry.counter("etcd_network_disconnected_peers_total", local, peer)
                .mirror(Double(figures.disconnections))
        }
    }
}
