/// Series that exist from the start of the server.
extension MetricRegistry {
    /// Names of the gRPC status codes in metrics, by number.
    package static let grpcCodeNames = [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
        "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
        "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss",
        "Unauthenticated",
    ]

    /// Creates and returns the counters of one gRPC method.
    ///
    /// - Parameter type: `unary`, `client_stream`, `server_stream` or `bidi_stream`.
    package func grpcMethod(service: String, method: String, type: String) -> GRPCMethodMetrics {
        let labels = [method, service, type]
        return GRPCMethodMetrics(
            started: counter("grpc_server_started_total", labelValues: labels),
            messagesReceived: counter("grpc_server_msg_received_total", labelValues: labels),
            messagesSent: counter("grpc_server_msg_sent_total", labelValues: labels),
            handled: Self.grpcCodeNames.map {
                counter("grpc_server_handled_total", labelValues: [$0] + labels)
            },
            handlingSeconds: isExtensive
                ? histogram("grpc_server_handling_seconds", labelValues: labels) : nil)
    }

    /// Sets the metrics known at the start: versions, feature gates, quota.
    package func setStartupMetrics(
        version: String, toolchain: String, quotaBytes: Int64?,
        featureGates: [(name: String, stage: String, isEnabled: Bool)]
    ) {
        setInfo("etcd_server_version", version)
        setInfo("etcd_server_go_version", toolchain)
        gauge("etcd_server_quota_backend_bytes").set(quotaBytes ?? 0)
        for gate in featureGates {
            gauge("etcd_server_feature_enabled", gate.name, gate.stage).set(gate.isEnabled)
        }
        for code in ["200", "500", "503"] {
            _ = counter("promhttp_metric_handler_requests_total", code)
        }
    }

    /// Serves a scrape: counts it and renders the metrics.
    package func scrape() -> [UInt8] {
        let inFlight = gauge("promhttp_metric_handler_requests_in_flight")
        inFlight.add(1)
        defer {
            inFlight.add(-1)
            counter("promhttp_metric_handler_requests_total", "200").increment()
        }
        return render()
    }
}

/// The counters of one gRPC method. Thread-safe without locks or allocations.
package struct GRPCMethodMetrics: Sendable {
    package let started: CounterSeries
    package let messagesReceived: CounterSeries
    package let messagesSent: CounterSeries
    /// By status code number.
    private let handled: [CounterSeries]
    /// Only with `--metrics=extensive`.
    package let handlingSeconds: HistogramSeries?

    init(
        started: CounterSeries, messagesReceived: CounterSeries, messagesSent: CounterSeries,
        handled: [CounterSeries], handlingSeconds: HistogramSeries?
    ) {
        self.started = started
        self.messagesReceived = messagesReceived
        self.messagesSent = messagesSent
        self.handled = handled
        self.handlingSeconds = handlingSeconds
    }

    /// Sets the counts of completed calls, maintained elsewhere, by status code number.
    package func mirrorHandled(_ counts: [Int]) {
        for (series, count) in zip(handled, counts) { series.mirror(Double(count)) }
    }

    /// Counts a completed call; a number that is not a status code counts as Unknown.
    package func countHandled(code: Int) {
        handled[handled.indices.contains(code) ? code : 2].increment()
    }
}
