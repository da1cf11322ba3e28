import Prometheus

/// The metrics of health checks.
struct HealthMetrics: Sendable {
    private let registry: MetricRegistry
    private let successes: CounterSeries
    private let failures: CounterSeries

    init(registry: MetricRegistry) {
        self.registry = registry
        successes = registry.counter("etcd_server_health_success")
        failures = registry.counter("etcd_server_health_failures")
    }

    /// Counts a response of `/health`.
    func countHealth(isHealthy: Bool) {
        (isHealthy ? successes : failures).increment()
    }

    /// Counts a run of a check of `/livez` or `/readyz`.
    func count(type: String, name: String, isHealthy: Bool) {
        registry.gauge("etcd_server_healthcheck", type, name).set(isHealthy)
        registry.counter(
            "etcd_server_healthchecks_total", type, name, isHealthy ? "success" : "error"
        ).increment()
    }
}
