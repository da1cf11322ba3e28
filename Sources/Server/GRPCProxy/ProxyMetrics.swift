import Prometheus

/// The proxy's own metrics, with etcd's names.
struct ProxyMetrics: Sendable {
    let cacheHits: GaugeSeries
    let cacheMisses: GaugeSeries
    let cacheKeys: GaugeSeries
    let watchersCoalescing: GaugeSeries
    let eventsCoalescing: CounterSeries

    init(registry: MetricRegistry) {
        cacheHits = registry.gauge("etcd_grpc_proxy_cache_hits_total")
        cacheMisses = registry.gauge("etcd_grpc_proxy_cache_misses_total")
        cacheKeys = registry.gauge("etcd_grpc_proxy_cache_keys_total")
        watchersCoalescing = registry.gauge("etcd_grpc_proxy_watchers_coalescing_total")
        eventsCoalescing = registry.counter("etcd_grpc_proxy_events_coalescing_total")
    }

    /// In addition to the families of a member.
    static let catalog = [
        MetricDescription(
            "etcd_grpc_proxy_cache_hits_total", .gauge,
            "Serializable ranges served from the cache."),
        MetricDescription(
            "etcd_grpc_proxy_cache_misses_total", .gauge,
            "Serializable ranges that were not in the cache."),
        MetricDescription(
            "etcd_grpc_proxy_cache_keys_total", .gauge, "Responses of ranges in the cache."),
        MetricDescription(
            "etcd_grpc_proxy_watchers_coalescing_total", .gauge,
            "Watchers that share the watch of another one."),
        MetricDescription(
            "etcd_grpc_proxy_events_coalescing_total", .counter,
            "Events that watchers received from the watch of another one."),
    ]
}
