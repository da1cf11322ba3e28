package import Identifiers
package import MonotonicClock
package import Prometheus
import HTTPServices
package import PeerTransport

/// Metrics of the peer connections: durations as they are measured, counters at a scrape.
package final class PeerMetrics: Sendable {
    private let registry: MetricRegistry
    private let local: String

    package init(localID: MemberID, registry: MetricRegistry) {
        local = localID.description
        self.registry = registry
    }

    /// The callbacks by which the transport reports durations.
    package var measurements: PeerMeasurements {
        let registry = self.registry
        return PeerMeasurements(
            roundTrip: { id, time in
                registry.histogram("etcd_network_peer_round_trip_time_seconds", id.description)
                    .observe(time)
            },
            snapshotSent: { id, time in
                registry.histogram(
                    "etcd_network_snapshot_send_total_duration_seconds", id.description
                ).observe(time)
            },
            snapshotReceived: { id, time in
                registry.histogram(
                    "etcd_network_snapshot_receive_total_duration_seconds", id.description
                ).observe(time)
                // Its database is written while it arrives.
                registry.histogram("etcd_snap_db_save_total_duration_seconds").observe(time)
            })
    }

    /// The database of a received snapshot was made durable.
    package func databaseSynchronized(took time: TimeSpan) {
        registry.histogram("etcd_snap_db_fsync_duration_seconds").observe(time)
    }

    /// Shows a transport's statistics at each scrape from now on.
    package func watch(_ transport: PeerTransport) {
        registry.refreshOnScrape { [self, weak transport] in
            guard let transport else { return }
            let known = Set(transport.peers)
            for (id, statistics) in transport.statistics { show(statistics, of: id.description) }
            for id in known {
                registry.gauge("etcd_network_known_peers", local, id.description).set(Int64(1))
            }
        }
    }

    private func show(_ statistics: PeerStatistics, of peer: String) {
        let counters: [(String, Int)] = [
            ("etcd_network_peer_sent_bytes_total", statistics.sentBytes),
            ("etcd_network_peer_received_bytes_total", statistics.receivedBytes),
            ("etcd_network_peer_sent_failures_total", statistics.sendFailures),
            ("etcd_network_peer_received_failures_total", statistics.receiveFailures),
            ("etcd_network_snapshot_send_success", statistics.snapshotsSent),
            ("etcd_network_snapshot_send_failures", statistics.snapshotSendFailures),
            ("etcd_network_snapshot_receive_success", statistics.snapshotsReceived),
            ("etcd_network_snapshot_receive_failures", statistics.snapshotReceiveFailures),
        ]
        for (name, count) in counters where count > 0 {
            registry.counter(name, peer).mirror(Double(count))
        }
        let (sending, receiving) = (statistics.snapshotsSending, statistics.snapshotsReceiving)
        if sending + statistics.snapshotsSent + statistics.snapshotSendFailures > 0 {
            registry.gauge("etcd_network_snapshot_send_inflights_total", peer).set(Int64(sending))
        }
        if receiving + statistics.snapshotsReceived + statistics.snapshotReceiveFailures > 0 {
            registry.gauge("etcd_network_snapshot_receive_inflights_total", peer)
                .set(Int64(receiving))
        }
        if statistics.wasEverActive {
            registry.gauge("etcd_network_active_peers", local, peer)
                .set(statistics.isActive)
        }
        if statistics.disconnections > 0 {
            registry.counter("etcd_network_disconnected_peers_total", local, peer)
                .mirror(Double(statistics.disconnections))
        }
    }
}
