extension MetricCatalog {
    /// Metrics of the log, the backend, snapshots and the key space.
    static let storage: [MetricDescription] = [
        .histogram(
            "etcd_disk_backend_commit_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of a commit of the backend."),
        .histogram(
            "etcd_disk_backend_defrag_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.1, count: 13),
            "Time of a defragmentation of the backend."),
        .histogram(
            "etcd_disk_backend_snapshot_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.01, count: 17),
            "Time of a copy of the backend."),
        .gauge("etcd_disk_defrag_inflight", "Whether a defragmentation is under way."),
        .histogram(
            "etcd_disk_wal_fsync_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of a sync of the write-ahead log."),
        .gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the write-ahead log."),
        .histogram(
            "etcd_disk_wal_write_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of a write to the write-ahead log."),
        .gauge(
            "etcd_mvcc_db_open_read_transactions", "Read transactions of the backend that are open."
        ),
        .gauge("etcd_mvcc_db_total_size_in_bytes", "Bytes of the backend file."),
        .gauge(
            "etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes of the backend file that hold data."),
        .counter("etcd_mvcc_delete_total", "Deletes seen by this member."),
        .histogram(
            "etcd_mvcc_hash_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.01, count: 15),
            "Time of hashing the backend."),
        .histogram(
            "etcd_mvcc_hash_rev_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.01, count: 15),
            "Time of hashing the backend at a revision."),
        .counter("etcd_mvcc_put_total", "Puts seen by this member."),
        .counter("etcd_mvcc_range_total", "Ranges seen by this member."),
        .counter("etcd_mvcc_txn_total", "Transactions seen by this member."),
        .histogram(
            "etcd_snap_db_fsync_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of a sync of a received backend."),
        .histogram(
            "etcd_snap_db_save_total_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.1, count: 10),
            "Time of saving a received backend."),
        .histogram(
            "etcd_snap_fsync_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Time of a sync of a snapshot file."),
    ]
}
