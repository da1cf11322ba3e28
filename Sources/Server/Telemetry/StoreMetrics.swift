import MVCC
import Prometheus

/// Metrics of the key-value store and its watchers, updated on the apply thread at a scrape.
struct StoreMetrics: Sendable {
    private let currentRevision: GaugeSeries
    private let compactRevision: GaugeSeries
    private let keys: GaugeSeries
    private let putBytes: GaugeSeries
    private let streams: GaugeSeries
    private let watchers: GaugeSeries
    private let unsynced: GaugeSeries

    init(_ registry: MetricRegistry) {
        currentRevision = registry.gauge("etcd_debugging_mvcc_current_revision")
        compactRevision = registry.gauge("etcd_debugging_mvcc_compact_revision")
        keys = registry.gauge("etcd_debugging_mvcc_keys_total")
        putBytes = registry.gauge("etcd_debugging_mvcc_total_put_size_in_bytes")
        streams = registry.gauge("etcd_debugging_mvcc_watch_stream_total")
        watchers = registry.gauge("etcd_debugging_mvcc_watcher_total")
        unsynced = registry.gauge("etcd_debugging_mvcc_slow_watcher_total")
    }

    func show(_ store: Store, _ counts: (streams: Int, watchers: Int, unsynced: Int)) {
        let revisions = store.revisions
        currentRevision.set(Double(revisions.current.rawValue))
        compactRevision.set(Double(revisions.compacted.rawValue))
        keys.set(Double(store.liveKeyCount))
        putBytes.set(Double(store.putSizeBytes))
        streams.set(Double(counts.streams))
        watchers.set(Double(counts.watchers))
        unsynced.set(Double(counts.unsynced))
    }
}
