extension MetricCatalog {
    /// etcd's debugging metrics.
    static let debugging: [MetricDescription] = [
        .gauge("etcd_debugging_auth_revision", "Present revision of the auth store."),
        .histogram(
            "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of rebalancing pages in a backend commit."),
        .histogram(
            "etcd_debugging_disk_backend_commit_spill_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of spilling pages in a backend commit."),
        .histogram(
            "etcd_debugging_disk_backend_commit_write_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of writing pages in a backend commit."),
        .counter("etcd_debugging_lease_granted_total", "Granted leases in total."),
        .counter(
            "etcd_debugging_lease_renewed_total", "Renewed leases seen by the leader, in total."),
        .counter("etcd_debugging_lease_revoked_total", "Revoked leases in total."),
        .histogram(
            "etcd_debugging_lease_ttl_total",
            buckets: MetricDescription.doubling(from: 1, count: 24),
            "TTLs of leases in seconds."),
        .gauge(
            "etcd_debugging_mvcc_compact_revision",
            "Revision of the last compaction of the store."),
        .gauge("etcd_debugging_mvcc_current_revision", "Present revision of the store."),
        .counter(
            "etcd_debugging_mvcc_db_compaction_keys_total",
            "Database keys removed by compactions, in total."),
        .gauge(
            "etcd_debugging_mvcc_db_compaction_last",
            "Unix time of the last database compaction; 0 after a start."
        ),
        .histogram(
            "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
            buckets: MetricDescription.doubling(from: 1, count: 13),
            "Pauses in milliseconds by steps of a database compaction."),
        .histogram(
            "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
            buckets: MetricDescription.doubling(from: 100, count: 14),
            "Duration in milliseconds of whole database compactions."),
        .counter("etcd_debugging_mvcc_events_total", "Events sent by this member, in total."),
        .histogram(
            "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
            buckets: MetricDescription.doubling(from: 0.5, count: 14),
            "Pauses in milliseconds by compactions of the index."),
        .gauge("etcd_debugging_mvcc_keys_total", "Keys in total."),
        .gauge("etcd_debugging_mvcc_pending_events_total", "Events pending to be sent, in total."),
        .gauge("etcd_debugging_mvcc_slow_watcher_total", "Unsynced slow watchers in total."),
        .gauge(
            "etcd_debugging_mvcc_total_put_size_in_bytes",
            "Bytes of the key-value pairs put on this member, in total."),
        .gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams in total."),
        .gauge("etcd_debugging_mvcc_watcher_total", "Watchers in total."),
        .gauge(
            "etcd_debugging_server_alarms", labels: ["server_id", "alarm_type"],
            presence: .onFirstUse, "Alarms of every member of the cluster, by member ID and type."),
        .counter("etcd_debugging_server_lease_expired_total", "Expired leases in total."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time in seconds of sending one control response of a watch stream."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_progress_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time in seconds of sending one progress notification."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time in seconds of sending one watch response, for each event in it."),
        .histogram(
            "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time in seconds of sending one watch response with all its events."),
        .histogram(
            "etcd_debugging_snap_save_marshalling_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time in seconds of marshalling a snapshot."),
        .histogram(
            "etcd_debugging_snap_save_total_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time in seconds of saving a snapshot, in all."),
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
