import ClientAPI

/// The lines that tell how a member was started.
extension Server {
    func tellStart(isNew: Bool) {
        let settings = configuration
        logger.info(
            "starting an etcd server",
            [
                "etcd-version": .string(EtcdVersion.compatible),
                "swift-etcd-version": .string(EtcdVersion.own),
                "name": .string(settings.name),
                "data-dir": .string(settings.effectiveDataDirectory),
                "wal-dir": .string(settings.effectiveWALDirectory),
                "member-initialized": .boolean(!isNew),
                "force-new-cluster": .boolean(settings.forceNewCluster),
                "heartbeat-interval": .string("\(settings.heartbeatIntervalMilliseconds)ms"),
                "election-timeout": .string("\(settings.electionTimeoutMilliseconds)ms"),
                "initial-election-tick-advance": .boolean(settings.initialElectionTickAdvance),
                "snapshot-count": .unsigned(settings.effectiveSnapshotCount),
                "max-wals": .number(settings.walFilesMax),
                "max-snapshots": .number(settings.snapshotFilesMax),
                "snapshot-catchup-entries": .unsigned(settings.snapshotCatchUpEntries),
                "initial-advertise-peer-urls": .strings(settings.initialAdvertisePeerURLs.texts),
                "listen-peer-urls": .strings(settings.listenPeerURLs.texts),
                "advertise-client-urls": .strings(settings.advertiseClientURLs.texts),
                "listen-client-urls": .strings(settings.listenClientURLs.texts),
                "listen-metrics-urls": .strings(settings.listenMetricsURLs.texts),
                "initial-cluster": .string(isNew ? settings.initialCluster : ""),
                "initial-cluster-state": .string(settings.initialClusterState.rawValue),
                "initial-cluster-token": .string(isNew ? settings.initialClusterToken : ""),
                "quota-backend-bytes": .number(settings.quotaBackendBytes),
                "max-request-bytes": .number(settings.requestBytesMax),
                "max-concurrent-streams": .number(settings.concurrentStreamsMax),
                "pre-vote": .boolean(settings.preVote),
                "auto-compaction-mode": .string(settings.autoCompactionMode),
                "auto-compaction-retention": .string(settings.autoCompactionRetention),
                "discovery-token": .string(settings.discovery.token),
                "discovery-endpoints": .string(
                    settings.discovery.endpoints.values.joined(separator: ",")),
                "discovery-dial-timeout": .duration(settings.discovery.dialTimeout),
                "discovery-request-timeout": .duration(settings.discovery.requestTimeout),
                "discovery-keepalive-time": .duration(settings.discovery.keepaliveTime),
                "discovery-keepalive-timeout": .duration(settings.discovery.keepaliveTimeout),
                "discovery-srv": .string(settings.discovery.dnsDomain),
                "max-learners": .number(settings.learnersMax),
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

    /// What is accepted and yet unwise.
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
