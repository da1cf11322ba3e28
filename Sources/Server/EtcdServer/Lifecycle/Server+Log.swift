import Configuration
import GRPCServices

/// The log lines about the member's start and configuration.
extension Server {
    func logStart(isNew: Bool) {
        logger.info(
            "starting an etcd server",
            [
                "etcd-version": .string(EtcdVersion.compatible),
                "swift-etcd-version": .string(EtcdVersion.own),
                "name": .string(configuration.name),
                "data-dir": .string(configuration.effectiveDataDirectory),
                "wal-dir": .string(configuration.effectiveWALDirectory),
                "member-initialized": .boolean(!isNew),
                "force-new-cluster": .boolean(configuration.forceNewCluster),
                "heartbeat-interval": .string("\(configuration.heartbeatIntervalMilliseconds)ms"),
                "election-timeout": .string("\(configuration.electionTimeoutMilliseconds)ms"),
                "initial-election-tick-advance": .boolean(configuration.initialElectionTickAdvance),
                "snapshot-count": .unsigned(configuration.effectiveSnapshotCount),
                "max-wals": .number(configuration.walFilesMax),
                "max-snapshots": .number(configuration.snapshotFilesMax),
                "snapshot-catchup-entries": .unsigned(configuration.snapshotCatchUpEntries),
                "initial-advertise-peer-urls": .strings(
                    configuration.initialAdvertisePeerURLs.texts),
                "listen-peer-urls": .strings(configuration.listenPeerURLs.texts),
                "advertise-client-urls": .strings(configuration.advertiseClientURLs.texts),
                "listen-client-urls": .strings(configuration.listenClientURLs.texts),
                "listen-metrics-urls": .strings(configuration.listenMetricsURLs.texts),
                "initial-cluster": .string(isNew ? configuration.initialCluster : ""),
                "initial-cluster-state": .string(configuration.initialClusterState.rawValue),
                "initial-cluster-token": .string(isNew ? configuration.initialClusterToken : ""),
                "quota-backend-bytes": .number(configuration.quotaBackendBytes),
                "max-request-bytes": .number(configuration.requestBytesMax),
                "max-concurrent-streams": .number(configuration.concurrentStreamsMax),
                "pre-vote": .boolean(configuration.preVote),
                "auto-compaction-mode": .string(configuration.autoCompactionMode),
                "auto-compaction-retention": .string(configuration.autoCompactionRetention),
                "discovery-token": .string(configuration.discovery.token),
                "discovery-endpoints": .string(
                    configuration.discovery.endpoints.values.joined(separator: ",")),
                "discovery-dial-timeout": .duration(configuration.discovery.dialTimeout),
                "discovery-request-timeout": .duration(configuration.discovery.requestTimeout),
                "discovery-keepalive-time": .duration(configuration.discovery.keepaliveTime),
                "discovery-keepalive-timeout": .duration(configuration.discovery.keepaliveTimeout),
                "discovery-srv": .string(configuration.discovery.dnsDomain),
                "max-learners": .number(configuration.learnersMax),
                "v2-deprecation": "write-only",
            ])
        logger.info(
            "starting etcd server",
            [
                "local-member-id": .hex(localID.rawValue),
                "local-server-version": .string(EtcdVersion.compatible),
                "cluster-version": "to_be_decided",
            ])
        logger.info(
            "starting local member",
            ["local-member-id": .hex(localID.rawValue), "cluster-id": .hex(clusterID.rawValue)])
        warnOfLimits()
    }

    /// Warns of accepted but inadvisable limits.
    private func warnOfLimits() {
        if configuration.requestBytesMax > 10 << 20 {
            logger.warn(
                "exceeded recommended request limit",
                [
                    "max-request-bytes": .number(configuration.requestBytesMax),
                    "recommended-request-bytes": .number(10 << 20),
                ])
        }
        if let quota = configuration.effectiveQuotaBytes, quota > 8 << 30 {
            logger.warn(
                "quota exceeds the recommended maximum",
                ["quota-size-bytes": .integer(quota), "quota-maximum-size-bytes": .number(8 << 30)])
        }
        if configuration.unsafeNoFsync {
            logger.warn("fsync is off: a crash of the machine can lose acknowledged writes")
        }
    }
}
