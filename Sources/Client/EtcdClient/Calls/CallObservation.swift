internal import Logging

/// What is observed of one unary call: its duration, its repetitions, and, with the package trait
/// `Tracing`, its span.
struct CallObservation: Sendable {
    private let method: Method
    private let metrics: CallMetrics?
    private let logger: Logger?
    private let started: ContinuousClock.Instant?
    #if Tracing
        private let span: CallSpan
    #endif

    init(_ method: Method, metrics: CallMetrics?, logger: Logger?) {
        self.method = method
        self.metrics = metrics
        self.logger = logger
        started = metrics.map { _ in .now }
        #if Tracing
            span = CallSpan(method)
        #endif
    }

    /// The metadata that makes the server's spans part of the same trace.
    func addMetadata(to metadata: inout [(String, String)]) {
        #if Tracing
            span.inject(into: &metadata)
        #endif
    }

    /// The call is repeated.
    func repeated(after error: EtcdClientError) {
        metrics?.recordRepetition(method)
        logger?.debug(
            "repeats a call",
            metadata: ["etcd.method": "\(method.path)", "etcd.error": "\(error)"])
        #if Tracing
            span.repeated(after: error)
        #endif
    }

    /// The call has ended.
    func ended(_ error: EtcdClientError?) {
        if let metrics, let started {
            metrics.record(method, started.duration(to: .now), error)
        }
        #if Tracing
            span.end(error)
        #endif
    }
}
