internal import CoreMetrics
internal import EtcdAPI
internal import Synchronization

/// The duration of unary calls, by method and status code.
final class CallMetrics: Sendable {
    private struct Labels: Hashable {
        let path: String
        let code: EtcdClientError.Code?
    }

    private let timers = Mutex<[Labels: Timer]>([:])

    /// nil without a metrics system, so that calls cost nothing more.
    static func ifEnabled() -> CallMetrics? {
        MetricsSystem.factory is NOOPMetricsHandler ? nil : CallMetrics()
    }

    func record(_ method: Method, _ duration: Duration, _ error: EtcdClientError?) {
        let labels = Labels(path: method.path, code: error?.code)
        let timer = timers.withLock { timers in
            if let timer = timers[labels] { return timer }
            let code = labels.code.flatMap { StatusCode(rawValue: $0.rawValue) } ?? .ok
            let timer = Timer(
                label: "etcd_client_call_duration_seconds",
                dimensions: [("method", method.path), ("code", code.name)])
            timers[labels] = timer
            return timer
        }
        timer.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }
}
