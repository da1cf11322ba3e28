extension MetricCatalog {
    /// Metrics of the member: consensus, requests, health.
    static let server: [MetricDescription] = [
        .gauge(
            "etcd_cluster_version", labels: ["cluster_version"],
            "The version of the cluster, as a label."),
        .histogram(
            "etcd_server_apply_duration_seconds", labels: ["version", "op", "success"],
            buckets: MetricDescription.doubling(from: 0.0001, count: 20),
            "Time of applying an entry."),
        .counter(
            "etcd_server_client_requests_total", labels: ["type", "client_api_version"],
            presence: .onFirstUse, "Requests by clients' API version."),
        .gauge(
            "etcd_server_feature_enabled", labels: ["name", "stage"],
            "Whether a feature gate is on."),
        .gauge(
            "etcd_server_go_version", labels: ["server_go_version"],
            "The toolchain this server was built with, as a label."),
        .gauge("etcd_server_has_leader", "Whether this member knows a leader."),
        .counter("etcd_server_health_failures", "Health checks that failed."),
        .counter("etcd_server_health_success", "Health checks that succeeded."),
        .gauge(
            "etcd_server_healthcheck", labels: ["type", "name"], presence: .onFirstUse,
            "Result of the last run of a health check."),
        .counter(
            "etcd_server_healthchecks_total", labels: ["type", "name", "status"],
            presence: .onFirstUse, "Runs of a health check by result."),
        .counter("etcd_server_heartbeat_send_failures_total", "Heartbeats that went out late."),
        .gauge("etcd_server_id", labels: ["server_id"], "The identity of this member, as a label."),
        .gauge("etcd_server_is_leader", "Whether this member is the leader."),
        .gauge("etcd_server_is_learner", "Whether this member is a learner."),
        .counter("etcd_server_leader_changes_seen_total", "Changes of the leader seen."),
        .counter(
            "etcd_server_learner_promote_failures", labels: ["Reason"], presence: .onFirstUse,
            "Promotions of learners that failed."),
        .counter("etcd_server_learner_promote_successes", "Promotions of learners that succeeded."),
        .gauge("etcd_server_proposals_applied_total", "Index of the last applied entry."),
        .gauge("etcd_server_proposals_committed_total", "Index of the last committed entry."),
        .counter("etcd_server_proposals_failed_total", "Proposals that failed."),
        .gauge("etcd_server_proposals_pending", "Proposals that wait to be committed."),
        .gauge("etcd_server_quota_backend_bytes", "Bytes that the backend may use."),
        .histogram(
            "etcd_server_range_duration_seconds", labels: ["success"],
            buckets: MetricDescription.doubling(from: 0.0001, count: 20),
            "Time of answering a range."),
        .counter("etcd_server_read_indexes_failed_total", "Read index rounds that failed."),
        .histogram(
            "etcd_server_request_duration_seconds", labels: ["type", "success"],
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of answering a request."),
        .counter("etcd_server_slow_apply_total", "Entries that were slow to apply."),
        .counter("etcd_server_slow_read_indexes_total", "Read index rounds that came too late."),
        .gauge(
            "etcd_server_snapshot_apply_in_progress_total", "Whether a snapshot is being applied."),
        .gauge(
            "etcd_server_version", labels: ["server_version"],
            "The version of this server, as a label."),
    ]
}
