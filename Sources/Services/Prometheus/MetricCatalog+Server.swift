extension MetricCatalog {
    /// Metrics of the member: consensus, requests, health.
    static let server: [MetricDescription] = [
        .gauge(
            "etcd_cluster_version", labels: ["cluster_version"],
            "Version of the cluster: 1 for the label cluster_version with the present one."),
        .histogram(
            "etcd_server_apply_duration_seconds", labels: ["version", "op", "success"],
            buckets: MetricDescription.doubling(from: 0.0001, count: 20),
            "Latency in seconds of applying requests, by operation and success."),
        .counter(
            "etcd_server_client_requests_total", labels: ["type", "client_api_version"],
            presence: .onFirstUse, "Requests of clients by type and client version, in total."),
        .gauge(
            "etcd_server_db_disk_bytes",
            "Bytes that the database file occupies on the disk, without its holes. Not in etcd."),
        .gauge(
            "etcd_server_feature_enabled", labels: ["name", "stage"],
            "Whether a feature is enabled: 1 if it is, 0 if not."),
        .gauge(
            "etcd_server_go_version", labels: ["server_go_version"],
            "Toolchain the server was built with: 1 for the label server_go_version (not Go here)."),
        .gauge("etcd_server_has_leader", "Whether a leader exists: 1 if it does, 0 if not."),
        .counter("etcd_server_health_failures", "Failed health checks in total."),
        .counter("etcd_server_health_success", "Successful health checks in total."),
        .gauge(
            "etcd_server_healthcheck", labels: ["type", "name"], presence: .onFirstUse,
            "Result of the last run of a health check."),
        .counter(
            "etcd_server_healthchecks_total", labels: ["type", "name", "status"],
            presence: .onFirstUse, "Runs of a health check by result."),
        .counter(
            "etcd_server_heartbeat_send_failures_total",
            "Heartbeats that the leader failed to send in time, in total (the disk is likely slow)."
        ),
        .gauge(
            "etcd_server_id", labels: ["server_id"],
            "Member ID in hexadecimal: 1 for the label server_id with the present one."),
        .gauge("etcd_server_is_leader", "Whether this member is the leader: 1 if it is, 0 if not."),
        .gauge("etcd_server_is_learner", "Whether this member is a learner: 1 if it is, 0 if not."),
        .counter(
            "etcd_server_leader_changes_seen_total", "Leader changes seen by this member, in total."
        ),
        .counter(
            "etcd_server_learner_promote_failures", labels: ["Reason"], presence: .onFirstUse,
            "Failed learner promotions while this member leads, in total (likely not ready)."),
        .counter(
            "etcd_server_learner_promote_successes",
            "Successful learner promotions while this member leads, in total."),
        .gauge(
            "etcd_server_proposals_applied_total",
            "Consensus proposals applied, in total (the applied index)."),
        .gauge(
            "etcd_server_proposals_committed_total",
            "Consensus proposals committed, in total (the commit index)."),
        .counter(
            "etcd_server_proposals_failed_total", "Failed proposals seen by this member, in total."),
        .gauge("etcd_server_proposals_pending", "Proposals that wait to be committed at present."),
        .gauge("etcd_server_quota_backend_bytes", "Backend storage quota in bytes."),
        .histogram(
            "etcd_server_range_duration_seconds", labels: ["success"],
            buckets: MetricDescription.doubling(from: 0.0001, count: 20),
            "Latency in seconds of ranges, by success."),
        .counter(
            "etcd_server_read_indexes_failed_total",
            "Failed read index requests seen by this member, in total."),
        .histogram(
            "etcd_server_request_duration_seconds", labels: ["type", "success"],
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of responses, by type of request and success."),
        .counter(
            "etcd_server_slow_apply_total",
            "Slow apply requests in total (the disk is likely slow)."),
        .counter(
            "etcd_server_slow_read_indexes_total",
            "Slow read index requests that came after their timeout, in total."),
        .gauge(
            "etcd_server_snapshot_apply_in_progress_total",
            "Whether an incoming snapshot is being applied: 1 if it is, 0 if not."),
        .counter(
            "etcd_server_trace_spans_dropped_total", presence: .onFirstUse,
            "Spans that were not exported, in total (the collector is slow or gone). Not in etcd."),
        .counter(
            "etcd_server_trace_spans_exported_total", presence: .onFirstUse,
            "Spans that the collector has taken, in total. Not in etcd."),
        .gauge(
            "etcd_server_version", labels: ["server_version"],
            "Version of the server: 1 for the label server_version with the running one."),
    ]
}
