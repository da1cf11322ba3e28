extension FlagTable {
    static let observation: [FlagDefinition] = [
        .urls(
            "listen-metrics-urls", \.listenMetricsURLs, .profilingAndMonitoring,
            "URLs to listen on for metrics and health only."),
        .flag(
            "enable-pprof", \.enableProfiling, .profilingAndMonitoring,
            "Serve profiles under /debug/pprof/."),
        .flag(
            "metrics", \.metrics, .profilingAndMonitoring,
            "Level of detail of the metrics: basic, or extensive with gRPC latencies."),
        .flag("logger", \.logging.logger, .logging, "Kind of logger; zap is the only one."),
        .flag(
            "log-outputs", \.logging.outputs, .logging,
            "Where logs go: default, stderr, stdout, or paths of files."),
        .flag(
            "log-level", \.logging.level, .logging,
            "Lowest level that is logged: debug, info, warn, error, panic or fatal."),
        .flag("log-format", \.logging.format, .logging, "Format of the logs: json or console."),
        .flag(
            "enable-log-rotation", \.logging.enableRotation, .logging,
            "Rotate the one log file of --log-outputs."),
        .flag(
            "log-rotation-config-json", \.logging.rotation, .logging,
            "When to rotate logs: maxsize in MB, maxage in days, maxbackups, localtime, compress."),
        .flag(
            "warning-unary-request-duration", \.warningUnaryRequestDuration, .logging,
            "Duration from which a unary request is logged as slow."),
        .flag(
            "enable-distributed-tracing", \.tracing.isEnabled, .distributedTracing,
            "Send traces to an OpenTelemetry collector."),
        .flag(
            "distributed-tracing-address", \.tracing.address, .distributedTracing,
            "Address of the OpenTelemetry collector."),
        .flag(
            "distributed-tracing-service-name", \.tracing.serviceName, .distributedTracing,
            "Service name in the traces."),
        .flag(
            "distributed-tracing-instance-id", \.tracing.instanceID, .distributedTracing,
            "Instance id in the traces."),
        .flag(
            "distributed-tracing-sampling-rate", \.tracing.samplingRatePerMillion,
            .distributedTracing, "Traces that are sent of each million."),
    ]
}
