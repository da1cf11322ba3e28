import EtcdAPI
import GRPC
import ServerLogging

/// The shared watches, by what their watchers have in common.
///
/// A watcher joins the watch that is nearest before its position; without one it gets a watch of its
/// own. A watch that has caught up with another one is merged with it.
final class WatchTable: @unchecked Sendable {  // used on the proxy's event loop only
    let upstream: Upstream
    let namespace: Namespace
    private let metrics: ProxyMetrics
    private let logger: ServerLogger
    private var watches: [WatchKey: [SharedWatch]] = [:]
    private var watcherCount = 0
    private var watchCount = 0

    init(
        upstream: Upstream, namespace: Namespace, metrics: ProxyMetrics, logger: ServerLogger
    ) {
        self.upstream = upstream
        self.namespace = namespace
        self.metrics = metrics
        self.logger = logger
    }

    var methods: [GRPCMethod] {
        [
            GRPCMethod(path: "/etcdserverpb.Watch/Watch", kind: .bidirectional) { call in
                WatchStreamHandler(call, table: self, logger: self.logger)
            }
        ]
    }

    /// The revision from which on a new watcher without a start revision gets events: not before what
    /// the present watches have delivered, which may be those of a member that is ahead.
    func newestPosition(_ key: WatchKey, atLeast revision: Int64) -> Int64 {
        (watches[key] ?? []).reduce(revision) { max($0, $1.next) }
    }

    /// Lets a watcher receive events from its position on.
    func attach(_ watcher: ProxyWatcher) {
        let candidates = (watches[watcher.key] ?? []).filter { $0.next <= watcher.next }
        if let nearest = candidates.max(by: { $0.next < $1.next }) {
            nearest.add(watcher)
        } else {
            let watch = SharedWatch(watcher.key, from: watcher.next, table: self)
            watches[watcher.key, default: []].append(watch)
            watchCount += 1
            watch.add(watcher)
            watch.open()
        }
        watcherCount += 1
        report()
    }

    /// A watcher has ended, or falls behind.
    func detach(_ watcher: ProxyWatcher) {
        guard let watch = watcher.shared else { return }
        watch.remove(watcher)
        watcherCount -= 1
        if watch.watchers.isEmpty { remove(watch) }
        report()
    }

    private func remove(_ watch: SharedWatch) {
        watch.close()
        guard var others = watches[watch.key],
            let index = others.firstIndex(where: { $0 === watch })
        else { return }
        others.remove(at: index)
        watches[watch.key] = others.isEmpty ? nil : others
        watchCount -= 1
    }

    /// A watch has delivered events: those at the same position become one.
    func advanced(_ watch: SharedWatch) {
        guard let others = watches[watch.key], others.contains(where: { $0 === watch }),
            let equal = others.first(where: { $0 !== watch && $0.next == watch.next })
        else { return }
        let (source, target) =
            equal.watchers.count > watch.watchers.count ? (watch, equal) : (equal, watch)
        for watcher in source.watchers.values {
            source.remove(watcher)
            target.add(watcher)
        }
        remove(source)
        report()
    }

    /// A member has ended the watch.
    func end(_ watch: SharedWatch, with frame: WatchFrame) {
        let watchers = Array(watch.watchers.values)
        for watcher in watchers {
            watcher.stream.send(frame.bytes, frame.header, to: watcher)
            watcher.stream.forget(watcher)
        }
    }

    /// A member refuses the stream of the watch.
    func end(_ watch: SharedWatch, because reason: String) {
        for watcher in Array(watch.watchers.values) { watcher.stream.cancel(watcher, reason) }
    }

    func endThoseThatRequireLeader(_ watch: SharedWatch) {
        for watcher in Array(watch.watchers.values) where watcher.stream.requiresLeader {
            watcher.stream.endWithoutLeader()
        }
    }

    // MARK: - Metrics

    func delivered(_ events: Int, to watchers: Int) {
        metrics.eventsCoalescing.increment(by: events * (watchers - 1))
    }

    private func report() {
        metrics.watchersCoalescing.set(Int64(watcherCount - watchCount))
    }
}
