/// Series that a server has from its start.
extension MetricRegistry {
    /// Names of the gRPC status codes as metrics spell them, by number.
    package static let grpcCodeNames = [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
        "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
        "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss",
        "Unauthenticated",
    ]

    /// Makes the counters of one gRPC method and gives them to keep.
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

    /// Shows what is known at the start: versions, gates, quota.
    package func setStartupFacts(
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

    /// One answer to a scrape: counts itself and renders.
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

/// The counters of one gRPC method. Any thread; no lock, no allocation.
package struct GRPCMethodMetrics: Sendable {
    package let started: CounterSeries
    package let messagesReceived: CounterSeries
    package let messagesSent: CounterSeries
    /// By number of the status code.
    private let handled: [CounterSeries]
    /// With `--metrics=extensive` only.
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

    /// Shows ended calls that are counted elsewhere, by number of the status code.
    package func mirrorHandled(_ counts: [Int]) {
        for (series, count) in zip(handled, counts) { series.mirror(Double(count)) }
    }

    /// Counts an ended call; a number that is no status code counts as Unknown.
    package func countHandled(code: Int) {
        handled[handled.indices.contains(code) ? code : 2].increment()
    }
}
