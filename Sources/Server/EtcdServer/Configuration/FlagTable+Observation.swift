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
            "Detail of the metrics: basic, or extensive with gRPC latencies."),
        .flag("logger", \.logging.logger, .logging, "Kind of logger; zap is the only name."),
        .flag(
            "log-outputs", \.logging.outputs, .logging,
            "Where logs go: default, stderr, stdout, or paths of files."),
        .flag(
            "log-level", \.logging.level, .logging,
            "Least level that is logged: debug, info, warn, error, panic or fatal."),
        .flag("log-format", \.logging.format, .logging, "Form of the logs: json or console."),
        .flag(
            "enable-log-rotation", \.logging.enableRotation, .logging,
            "Rotate the one log file of --log-outputs."),
        .flag(
            "log-rotation-config-json", \.logging.rotation, .logging,
            "When to rotate: maxsize in MB, maxage in days, maxbackups, localtime, compress."),
        .flag(
            "warning-unary-request-duration", \.warningUnaryRequestDuration, .logging,
            "Duration from which a request is logged as slow."),
        .flag(
            "enable-distributed-tracing", \.tracing.isEnabled, .distributedTracing,
            "Send traces to an OpenTelemetry collector."),
        .flag(
            "distributed-tracing-address", \.tracing.address, .distributedTracing,
            "Address of the collector."),
        .flag(
            "distributed-tracing-service-name", \.tracing.serviceName, .distributedTracing,
            "Service name in the traces."),
        .flag(
            "distributed-tracing-instance-id", \.tracing.instanceID, .distributedTracing,
            "Instance id in the traces."),
        .flag(
            "distributed-tracing-sampling-rate", \.tracing.samplingRatePerMillion,
            .distributedTracing, "Traces sampled of each million."),
    ]

    static let features: [FlagDefinition] = [
        .flag(
            "corrupt-check-time", \.corruptCheckTime, .features,
            "Interval of comparing data between members, 0 for never."),
        .flag(
            "compact-hash-check-time", \.compactHashCheckTime, .features,
            "Interval of comparing hashes of compactions between members."),
        .flag(
            "compaction-batch-limit", \.compactionBatchLimit, .features,
            "Most revisions dropped in one step of a compaction; 0 for 1000."),
        .flag(
            "compaction-sleep-interval", \.compactionSleepInterval, .features,
            "Pause between two such steps; 0 for 10ms."),
        .flag(
            "watch-progress-notify-interval", \.watchProgressNotifyInterval, .features,
            "Interval of progress notifications to idle watchers; 0 for 10m."),
        .flag(
            "downgrade-check-time", \.downgradeCheckTime, .features,
            "Interval of looking whether a downgrade is under way."),
        .flag(
            "warning-apply-duration", \.warningApplyDuration, .features,
            "Duration from which applying a request is logged as slow."),
        .flag(
            "bootstrap-defrag-threshold-megabytes", \.bootstrapDefragThresholdMegabytes,
            .features, "Defragment at the start if it frees this much; 0 for never."),
        .flag("max-learners", \.learnersMax, .features, "Most learners in the cluster."),
        .flag(
            "snapshot-catchup-entries", \.snapshotCatchUpEntries, .features,
            "Entries kept in memory behind a snapshot for slow followers."),
        .flag(
            "unsafe-no-fsync", \.unsafeNoFsync, .unsafe,
            "Never wait for the disk. Loses data when the machine fails."),
        .flag(
            "force-new-cluster", \.forceNewCluster, .unsafe,
            "Make a one-member cluster of this member's data."),
    ]
}
