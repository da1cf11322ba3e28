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
            "Active connections to peers at present."),
        .counter(
            "etcd_network_client_grpc_received_bytes_total", "Bytes received from gRPC clients."),
        .counter("etcd_network_client_grpc_sent_bytes_total", "Bytes sent to gRPC clients."),
        .counter(
            "etcd_network_disconnected_peers_total", labels: ["Local", "Remote"],
            presence: .onFirstUse, "Disconnected peers in total."),
        .gauge(
            "etcd_network_known_peers", labels: ["Local", "Remote"], "Known peers at present."),
        .counter(
            "etcd_network_peer_received_bytes_total", labels: ["From"], presence: .onFirstUse,
            "Bytes received from peers, in total."),
        .counter(
            "etcd_network_peer_received_failures_total", labels: ["From"], presence: .onFirstUse,
            "Failures of receiving from peers, in total."),
        .histogram(
            "etcd_network_peer_round_trip_time_seconds", labels: ["To"],
            buckets: MetricDescription.doubling(from: 0.0001, count: 16), presence: .onFirstUse,
            "Round-trip time between peers in seconds."),
        .counter(
            "etcd_network_peer_sent_bytes_total", labels: ["To"], presence: .onFirstUse,
            "Bytes sent to peers, in total."),
        .counter(
            "etcd_network_peer_sent_failures_total", labels: ["To"], presence: .onFirstUse,
            "Failures of sending to peers, in total."),
        .counter(
            "etcd_network_server_stream_failures_total", labels: ["Type", "API"],
            presence: .onFirstUse, "Failed streams of this server, by direction and API, in total."),
        .counter(
            "etcd_network_snapshot_receive_failures", labels: ["From"], presence: .onFirstUse,
            "Snapshots that could not be received in total."),
        .gauge(
            "etcd_network_snapshot_receive_inflights_total", labels: ["From"],
            presence: .onFirstUse, "Snapshots being received at present."),
        .counter(
            "etcd_network_snapshot_receive_success", labels: ["From"], presence: .onFirstUse,
            "Snapshots received successfully, in total."),
        .histogram(
            "etcd_network_snapshot_receive_total_duration_seconds", labels: ["From"],
            buckets: MetricDescription.doubling(from: 0.1, count: 10), presence: .onFirstUse,
            "Latency in seconds of receiving snapshots, in all."),
        .counter(
            "etcd_network_snapshot_send_failures", labels: ["To"], presence: .onFirstUse,
            "Failed sends of snapshots in total."),
        .gauge(
            "etcd_network_snapshot_send_inflights_total", labels: ["To"], presence: .onFirstUse,
            "Snapshots being sent at present."),
        .counter(
            "etcd_network_snapshot_send_success", labels: ["To"], presence: .onFirstUse,
            "Snapshots sent successfully, in total."),
        .histogram(
            "etcd_network_snapshot_send_total_duration_seconds", labels: ["To"],
            buckets: MetricDescription.doubling(from: 0.1, count: 10), presence: .onFirstUse,
            "Latency in seconds of sending snapshots, in all."),
        .counter(
            "grpc_server_handled_total",
            labels: ["grpc_code", "grpc_method", "grpc_service", "grpc_type"],
            "RPCs completed on the server, by status code, in total."),
        .histogram(
            "grpc_server_handling_seconds", labels: ["grpc_method", "grpc_service", "grpc_type"],
            buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            presence: .extensive, "Latency in seconds of RPCs handled by the server."),
        .counter(
            "grpc_server_msg_received_total", labels: ["grpc_method", "grpc_service", "grpc_type"],
            "Messages received in RPCs, in total."),
        .counter(
            "grpc_server_msg_sent_total", labels: ["grpc_method", "grpc_service", "grpc_type"],
            "Messages sent in RPCs, in total."),
        .counter(
            "grpc_server_started_total", labels: ["grpc_method", "grpc_service", "grpc_type"],
            "RPCs started on the server, in total."),
    ]
}
