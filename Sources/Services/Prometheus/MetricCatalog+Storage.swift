extension MetricCatalog {
    /// Metrics of the log, the backend, snapshots and the key space.
    static let storage: [MetricDescription] = [
        .histogram(
            "etcd_disk_backend_commit_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of commits called by the backend."),
        .histogram(
            "etcd_disk_backend_defrag_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.1, count: 13),
            "Latency in seconds of backend defragmentations."),
        .histogram(
            "etcd_disk_backend_snapshot_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.01, count: 17),
            "Latency in seconds of backend snapshots."),
        .gauge(
            "etcd_disk_defrag_inflight",
            "Whether a defragmentation is active on this member: 1 if it is, 0 if not."),
        .histogram(
            "etcd_disk_wal_fsync_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of fsync called by the WAL."),
        .gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the WAL, in total."),
        .histogram(
            "etcd_disk_wal_write_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of write called by the WAL."),
        .gauge(
            "etcd_mvcc_db_open_read_transactions",
            "Read transactions of the backend open at present."
        ),
        .gauge(
            "etcd_mvcc_db_total_size_in_bytes", "Size of the database file as allocated, in bytes."),
        .gauge(
            "etcd_mvcc_db_total_size_in_use_in_bytes",
            "Size of the database that is in use, in bytes."),
        .counter("etcd_mvcc_delete_total", "Deletes seen by this member, in total."),
        .histogram(
            "etcd_mvcc_hash_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.01, count: 15),
            "Latency in seconds of hashing the storage."),
        .histogram(
            "etcd_mvcc_hash_rev_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.01, count: 15),
            "Latency in seconds of hashing the storage by revision."),
        .counter("etcd_mvcc_put_total", "Puts seen by this member, in total."),
        .counter("etcd_mvcc_range_total", "Ranges seen by this member, in total."),
        .counter("etcd_mvcc_txn_total", "Transactions seen by this member, in total."),
        .histogram(
            "etcd_snap_db_fsync_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of fsync of a received database (.snap.db)."),
        .histogram(
            "etcd_snap_db_save_total_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.1, count: 10),
            "Latency in seconds of saving a received database, in all."),
        .histogram(
            "etcd_snap_fsync_duration_seconds",
            buckets: MetricDescription.doubling(from: 0.001, count: 14),
            "Latency in seconds of fsync of a snapshot file (.snap)."),
    ]
}
