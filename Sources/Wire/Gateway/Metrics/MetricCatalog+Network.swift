extension MetricCatalog {
    /// Metrics of connections, streams and gRPC calls.
    static let network: [MetricDescription] = [
        .gauge("etcd_grpc_proxy_cache_hits_total", "Cache hits of a gRPC proxy; 0 in a server."),
        .gauge("etcd_grpc_proxy_cache_keys_total", "Keys cached by a gRPC proxy; 0 in a server."),
        .gauge(
            "etcd_grpc_proxy_cache_misses_total", "Cache misses of a gRPC proxy; 0 in a server."),
        .counter(
            "etcd_grpc_proxy_events_coalescing_total",
            "Events merged by a gRPC proxy; 0 in a server."),
        .gauge(
            "etcd_grpc_proxy_watchers_coalescing_total",
            "Watchers merged by a gRPC proxy; 0 in a server."),
        .gauge(
            "etcd_network_active_peers", labels: ["Local", "Remote"], presence: .onFirstUse,
            "Members with a connection to this one."),
        .counter(
            "etcd_network_client_grpc_received_bytes_total", "Bytes received from gRPC clients."),
        .counter("etcd_network_client_grpc_sent_bytes_total", "Bytes sent to gRPC clients."),
        .counter(
            "etcd_network_disconnected_peers_total", labels: ["Local", "Remote"],
            presence: .onFirstUse, "Connections to members that were lost."),
        .gauge(
            "etcd_network_known_peers", labels: ["Local", "Remote"], "Members known to this one."),
        .counter(
            "etcd_network_peer_received_bytes_total", labels: ["From"], presence: .onFirstUse,
            "Bytes received from members."),
        .counter(
            "etcd_network_peer_received_failures_total", labels: ["From"], presence: .onFirstUse,
            "Failures of receiving from members."),
        .histogram(
            "etcd_network_peer_round_trip_time_seconds", labels: ["To"],
            buckets: MetricDescription.doubling(from: 0.0001, count: 16), presence: .onFirstUse,
            "Round trip times to members."),
        .counter(
            "etcd_network_peer_sent_bytes_total", labels: ["To"], presence: .onFirstUse,
            "Bytes sent to members."),
        .counter(
            "etcd_network_peer_sent_failures_total", labels: ["To"], presence: .onFirstUse,
            "Failures of sending to members."),
        .counter(
            "etcd_network_server_stream_failures_total", labels: ["Type", "API"],
            presence: .onFirstUse, "Streams of clients that failed here."),
        .counter(
            "etcd_network_snapshot_receive_failures", labels: ["From"], presence: .onFirstUse,
            "Snapshots that could not be received."),
        .gauge(
            "etcd_network_snapshot_receive_inflights_total", labels: ["From"],
            presence: .onFirstUse, "Snapshots that are being received."),
        .counter(
            "etcd_network_snapshot_receive_success", labels: ["From"], presence: .onFirstUse,
            "Snapshots received."),
        .histogram(
            "etcd_network_snapshot_receive_total_duration_seconds", labels: ["From"],
            buckets: MetricDescription.doubling(from: 0.1, count: 10), presence: .onFirstUse,
            "Time of receiving a snapshot."),
        .counter(
            "etcd_network_snapshot_send_failures", labels: ["To"], presence: .onFirstUse,
            "Snapshots that could not be sent."),
        .gauge(
            "etcd_network_snapshot_send_inflights_total", labels: ["To"], presence: .onFirstUse,
            "Snapshots that are being sent."),
        .counter(
            "etcd_network_snapshot_send_success", labels: ["To"], presence: .onFirstUse,
            "Snapshots sent."),
        .histogram(
            "etcd_network_snapshot_send_total_duration_seconds", labels: ["To"],
            buckets: MetricDescription.doubling(from: 0.1, count: 10), presence: .onFirstUse,
            "Time of sending a snapshot."),
        .counter(
            "grpc_server_handled_total",
            labels: ["grpc_code", "grpc_method", "grpc_service", "grpc_type"],
            "Calls ended, by status code."),
        .histogram(
            "grpc_server_handling_seconds", labels: ["grpc_method", "grpc_service", "grpc_type"],
            buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            presence: .extensive, "Time of handling a call."),
        .counter(
            "grpc_server_msg_received_total", labels: ["grpc_method", "grpc_service", "grpc_type"],
            "Messages received in calls."),
        .counter(
            "grpc_server_msg_sent_total", labels: ["grpc_method", "grpc_service", "grpc_type"],
            "Messages sent in calls."),
        .counter(
            "grpc_server_started_total", labels: ["grpc_method", "grpc_service", "grpc_type"],
            "Calls begun."),
    ]
}
