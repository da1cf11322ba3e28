extension MetricCatalog {
    /// Metrics that etcd calls debugging ones.
    static let debugging: [MetricDescription] = [
        .gauge("etcd_debugging_auth_revision", "Revision of the users and roles."),
        .histogram(
            "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time spent merging pages in a commit of the backend."),
        .histogram(
            "etcd_debugging_disk_backend_commit_spill_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time spent placing pages in a commit of the backend."),
        .histogram(
            "etcd_debugging_disk_backend_commit_write_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time spent writing pages in a commit of the backend."),
        .counter("etcd_debugging_lease_granted_total", "Leases granted."),
        .counter(
            "etcd_debugging_lease_renewed_total", "Leases renewed by this member as the leader."),
        .counter("etcd_debugging_lease_revoked_total", "Leases revoked."),
        .histogram(
            "etcd_debugging_lease_ttl_total",
            buckets: MetricDescription.doubling(from: 1, count: 24),
            "Seconds to live of the leases granted."),
        .gauge(
            "etcd_debugging_mvcc_compact_revision",
            "The revision up to which history was compacted."),
        .gauge("etcd_debugging_mvcc_current_revision", "The newest revision."),
        .counter(
            "etcd_debugging_mvcc_db_compaction_keys_total", "Revisions dropped by compactions."),
        .gauge(
            "etcd_debugging_mvcc_db_compaction_last", "Unix time of the end of the last compaction."
        ),
        .histogram(
            "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
            buckets: MetricDescription.doubling(from: 1, count: 13),
            "Milliseconds that single steps of a compaction took."),
        .histogram(
            "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
            buckets: MetricDescription.doubling(from: 100, count: 14),
            "Milliseconds that whole compactions took."),
        .counter("etcd_debugging_mvcc_events_total", "Events sent to watchers."),
        .histogram(
            "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
            buckets: MetricDescription.doubling(from: 0.5, count: 14),
            "Milliseconds that compacting the key index took."),
        .gauge("etcd_debugging_mvcc_keys_total", "Keys that exist now."),
        .gauge("etcd_debugging_mvcc_pending_events_total", "Events that wait to be sent."),
        .gauge("etcd_debugging_mvcc_slow_watcher_total", "Watchers that are behind."),
        .gauge("etcd_debugging_mvcc_total_put_size_in_bytes", "Bytes of keys and values put."),
        .gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams that are open."),
        .gauge("etcd_debugging_mvcc_watcher_total", "Watchers that exist."),
        .gauge(
            "etcd_debugging_server_alarms", labels: ["server_id", "alarm_type"],
            presence: .onFirstUse, "Alarms that are raised, by member and type."),
        .counter("etcd_debugging_server_lease_expired_total", "Leases that expired."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of sending one control answer of a watch stream."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_progress_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of sending one progress notification."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of sending a watch answer, for each event in it."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of sending one watch answer."),
        .histogram(
            "etcd_debugging_snap_save_marshalling_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of encoding a snapshot."),
        .histogram(
            "etcd_debugging_snap_save_total_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of saving a snapshot."),
        .counter(
            "etcd_debugging_store_expires_total",
            "Expired keys of the v2 store, which is never used."),
        .counter(
            "etcd_debugging_store_reads_failed_total", labels: ["action"], presence: .onFirstUse,
            "Failed reads of the v2 store, which is never used."),
        .counter(
            "etcd_debugging_store_reads_total", labels: ["action"], presence: .onFirstUse,
            "Reads of the v2 store, which is never used."),
        .counter(
            "etcd_debugging_store_watch_requests_total",
            "Watches of the v2 store, which is never used."),
        .gauge("etcd_debugging_store_watchers", "Watchers of the v2 store, which is never used."),
        .counter(
            "etcd_debugging_store_writes_failed_total", labels: ["action"], presence: .onFirstUse,
            "Failed writes of the v2 store, which is never used."),
        .counter(
            "etcd_debugging_store_writes_total", labels: ["action"], presence: .onFirstUse,
            "Writes of the v2 store, which is never used."),
    ]
}
