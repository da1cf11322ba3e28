internal import CoreMetrics
internal import Synchronization

/// The duration of unary calls, by method and status code, and how often calls and watches are
/// repeated.
final class CallMetrics: Sendable {
    private struct Labels: Hashable {
        let path: String
        let code: EtcdClientError.Code?
    }

    private struct Made {
        var timers: [Labels: Timer] = [:]
        var repetitions: [String: Counter] = [:]
    }

    private let factory: any MetricsFactory
    private let made = Mutex(Made())

    init(factory: any MetricsFactory) {
        self.factory = factory
    }

    /// nil without a metrics system, so that calls cost nothing more.
    static func ifEnabled() -> CallMetrics? {
        let factory = MetricsSystem.factory
        return factory is NOOPMetricsHandler ? nil : CallMetrics(factory: factory)
    }

    /// A unary call has ended.
    func record(_ method: Method, _ duration: Duration, _ error: EtcdClientError?) {
        let labels = Labels(path: method.path, code: error?.code)
        let timer = made.withLock { made in
            if let timer = made.timers[labels] { return timer }
            let timer = Timer(
                label: "etcd_client_call_duration_seconds",
                dimensions: [("method", method.path), ("code", labels.code?.name ?? "OK")],
                factory: factory)
            made.timers[labels] = timer
            return timer
        }
        timer.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }

    /// A call is repeated, or a watch goes on with another stream.
    func recordRepetition(_ method: Method) {
        let counter = made.withLock { made in
            if let counter = made.repetitions[method.path] { return counter }
            let counter = Counter(
                label: "etcd_client_call_repetitions_total",
                dimensions: [("method", method.path)], factory: factory)
            made.repetitions[method.path] = counter
            return counter
        }
        counter.increment()
    }
}
