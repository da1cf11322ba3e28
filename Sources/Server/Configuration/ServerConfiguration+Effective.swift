import GoText
import ServerLogging

/// Automatic compaction of old revisions.
package enum AutoCompaction: Sendable, Equatable {
    case disabled
    /// Keep revisions newer than this.
    case periodic(Duration)
    /// Keep this many revisions.
    case revision(Int64)
}

/// The values with defaults in place of zero and empty.
extension ServerConfiguration {
    package var effectiveDataDirectory: String {
        dataDirectory.isEmpty ? "\(name).etcd" : dataDirectory
    }

    package var effectiveWALDirectory: String {
        walDirectory.isEmpty ? "\(effectiveDataDirectory)/member/wal" : walDirectory
    }

    package var effectiveSnapshotCount: UInt64 { snapshotCount == 0 ? 10_000 : snapshotCount }

    /// Bytes the backend may use; nil means no quota.
    package var effectiveQuotaBytes: Int64? {
        if quotaBackendBytes < 0 { return nil }
        return quotaBackendBytes == 0 ? 2_147_483_648 : quotaBackendBytes
    }

    package var effectiveBackendBatchInterval: Duration {
        backendBatchInterval == .zero ? .milliseconds(100) : backendBatchInterval
    }

    package var effectiveBackendBatchMax: Int {
        backendBatchMax == 0 ? 10_000 : backendBatchMax
    }

    package var effectiveCompactionBatchMax: Int {
        compactionBatchMax == 0 ? 1_000 : compactionBatchMax
    }

    package var effectiveCompactionSleepInterval: Duration {
        compactionSleepInterval == .zero ? .milliseconds(10) : compactionSleepInterval
    }

    /// At least 100 ms.
    package var effectiveWatchProgressNotifyInterval: Duration {
        watchProgressNotifyInterval == .zero
            ? .seconds(600) : max(watchProgressNotifyInterval, .milliseconds(100))
    }

    package var effectiveWarningUnaryRequestDuration: Duration {
        warningUnaryRequestDuration == .zero ? .milliseconds(300) : warningUnaryRequestDuration
    }

    package var heartbeatInterval: Duration {
        .milliseconds(Int64(clamping: heartbeatIntervalMilliseconds))
    }

    package var electionTimeout: Duration {
        .milliseconds(Int64(clamping: electionTimeoutMilliseconds))
    }

    /// Election timeout in heartbeats, rounded down.
    package var electionTicks: Int {
        heartbeatIntervalMilliseconds == 0
            ? 0 : Int(clamping: electionTimeoutMilliseconds / heartbeatIntervalMilliseconds)
    }

    /// The timeout of a request in the server: 5 s plus two election timeouts.
    package var requestTimeout: Duration {
        .seconds(5) + electionTimeout * 2
    }

    package var usesExtensiveMetrics: Bool { metrics == "extensive" }

    /// Whether HTTP requests from browsers with this `Host` are served on a plaintext listener.
    package func allowsHost(_ host: String) -> Bool {
        hostWhitelist.isEmpty || hostWhitelist.values == [""]
            || hostWhitelist.values.contains("*") || hostWhitelist.values.contains(host)
    }

    /// Retention and mode together; a bare number of the periodic mode is hours.
    package func autoCompaction() throws(ConfigurationError) -> AutoCompaction {
        let text = autoCompactionRetention.isEmpty ? "0" : autoCompactionRetention
        if let count = Int64(text), count >= 0 {
            if count == 0 { return .disabled }
            if autoCompactionMode == "revision" { return .revision(count) }
            let (seconds, overflow) = count.multipliedReportingOverflow(by: 3_600)
            guard !overflow, seconds <= Int64.max / 1_000_000_000 else {
                throw ConfigurationError(
                    "error parsing CompactionRetention: \(text) hours is out of range")
            }
            return .periodic(.seconds(seconds))
        }
        guard let nanoseconds = GoDuration.nanoseconds(text) else {
            throw ConfigurationError(
                "error parsing CompactionRetention: time: invalid duration \(text.goQuoted)")
        }
        if nanoseconds <= 0 { return .disabled }
        return autoCompactionMode == "revision"
            ? .revision(nanoseconds) : .periodic(.nanoseconds(nanoseconds))
    }
}

extension ServerConfiguration {
    /// The members `--initial-cluster` lists, by name; a repeated name adds URLs to one member.
    package func initialMembers() throws(ConfigurationError) -> [InitialMember] {
        try InitialMember.list(initialCluster)
    }

    /// Rebuilds the default initial cluster after `--name` or the default host changed it.
    package mutating func rebuildDefaultInitialCluster() {
        guard name != Self.defaultName, initialCluster == Self.defaultInitialCluster else { return }
        let owner = name.isEmpty ? Self.defaultName : name
        initialCluster = initialAdvertisePeerURLs.texts
            .map { "\(owner)=\($0)" }.joined(separator: ",")
    }
}
