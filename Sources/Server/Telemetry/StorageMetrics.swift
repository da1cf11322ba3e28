import MonotonicClock
import Prometheus
import Bolt
import HTTPServices
import Glibc
import MemberRuntime
import Synchronization

/// Metrics of the log, the database file and compactions.
final class StorageMetrics: Sendable {
    let logWrite: HistogramSeries
    let logWrittenBytes: GaugeSeries
    let logSynchronization: HistogramSeries
    let backendCommit: HistogramSeries
    let backendRebalancing: HistogramSeries
    let backendSpilling: HistogramSeries
    let backendWrite: HistogramSeries
    let compactionPause: HistogramSeries
    let indexCompactionPause: HistogramSeries
    let snapshotEncoding: HistogramSeries
    let snapshotWriting: HistogramSeries
    let snapshotTotal: HistogramSeries
    /// Received snapshots that replace the state.
    let snapshotInstallations: GaugeSeries
    private let compactionTotal: HistogramSeries
    private let compactedKeys: CounterSeries
    private let lastCompaction: GaugeSeries
    /// The nanoseconds of the time at which the running compaction was requested; 0 when none is
    /// running.
    private let compactionStart = Atomic<Int64>(0)
    private let bolt = Mutex<Bolt?>(nil)

    init(registry: MetricRegistry) {
        logWrite = registry.histogram("etcd_disk_wal_write_duration_seconds")
        logWrittenBytes = registry.gauge("etcd_disk_wal_write_bytes_total")
        logSynchronization = registry.histogram("etcd_disk_wal_fsync_duration_seconds")
        backendCommit = registry.histogram("etcd_disk_backend_commit_duration_seconds")
        backendRebalancing = registry.histogram(
            "etcd_debugging_disk_backend_commit_rebalance_duration_seconds")
        backendSpilling = registry.histogram(
            "etcd_debugging_disk_backend_commit_spill_duration_seconds")
        backendWrite = registry.histogram(
            "etcd_debugging_disk_backend_commit_write_duration_seconds")
        compactionPause = registry.histogram(
            "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds")
        indexCompactionPause = registry.histogram(
            "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds")
        snapshotEncoding = registry.histogram(
            "etcd_debugging_snap_save_marshalling_duration_seconds")
        snapshotWriting = registry.histogram("etcd_snap_fsync_duration_seconds")
        snapshotTotal = registry.histogram("etcd_debugging_snap_save_total_duration_seconds")
        snapshotInstallations = registry.gauge("etcd_server_snapshot_apply_in_progress_total")
        compactionTotal = registry.histogram(
            "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds")
        compactedKeys = registry.counter("etcd_debugging_mvcc_db_compaction_keys_total")
        lastCompaction = registry.gauge("etcd_debugging_mvcc_db_compaction_last")
    }

    /// Sets the database whose sizes are logged.
    func watch(_ bolt: Bolt) { self.bolt.withLock { $0 = bolt } }

    /// Size of the database file and its used size, in bytes; 0 before `watch`.
    func sizes() -> (file: Int, used: Int) {
        guard let bolt = bolt.withLock({ $0 }) else { return (0, 0) }
        return (bolt.sizeBytes, bolt.sizeInUseBytes)
    }

    /// A compaction was requested; the measurement of one that already runs continues.
    func compactionBegins() {
        _ = compactionStart.compareExchange(
            expected: 0, desired: MonotonicTime.now().nanoseconds, ordering: .relaxed)
    }

    /// A compaction is finished.
    ///
    /// - Returns: the time since it was requested; zero if it was requested before a restart.
    func compactionEnds(removed: Int) -> TimeSpan {
        let start = compactionStart.exchange(0, ordering: .relaxed)
        let time: TimeSpan =
            start == 0 ? .zero : max(.zero, .now() - MonotonicTime(nanoseconds: start))
        compactionTotal.observe(Double(time.milliseconds))
        compactedKeys.increment(by: removed)
        lastCompaction.set(Int64(Glibc.time(nil)))
        return time
    }
}
