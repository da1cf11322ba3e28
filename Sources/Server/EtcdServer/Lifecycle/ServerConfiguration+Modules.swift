import MonotonicClock
package import ServerLogging
package import Configuration
import Bootstrap
package import GRPCServices
package import GRPC
import HTTPServices
import HTTP2
import Stages

/// The configurations of the modules, derived from the operator's configuration.
extension MemberConfiguration {
    init(_ configuration: ServerConfiguration, _ member: StartingMember) {
        self.init()
        joinsAsLearner = member.remotes.contains { $0.id == member.localID && $0.isLearner }
        tickInterval = TimeSpan(configuration.heartbeatInterval)
        electionTimeout = TimeSpan(configuration.electionTimeout)
        advancesFirstElection = configuration.initialElectionTickAdvance
        requestTimeout = TimeSpan(configuration.requestTimeout)
        persistInterval = max(
            TimeSpan(configuration.effectiveBackendBatchInterval), .milliseconds(1))
        persistOperations = configuration.effectiveBackendBatchMax
        compactionPause = TimeSpan(configuration.effectiveCompactionSleepInterval)
        segmentsMax = Int(configuration.walFilesMax)
        snapshotsMax = Int(configuration.snapshotFilesMax)
        requestBytesMax = Int(configuration.requestBytesMax)
        synchronizesLog = !configuration.unsafeNoFsync
        prioritizesRevocations = configuration.featureGates.isEnabled(.priorityRequest)
    }
}

extension ServiceConfiguration {
    init(
        _ configuration: ServerConfiguration, _ member: StartingMember,
        peers: any PeerCalling = NoPeers()
    ) {
        self.init(clusterID: member.clusterID, memberID: member.localID, peers: peers) {
            (try? EndpointURL($0, allowsAnyPort: true))?.text
        }
        checksReconfiguration = configuration.strictReconfigCheck
        transactionOperationsMax = Int(configuration.transactionOperationsMax)
        requestBytesMax = Int(configuration.requestBytesMax)
        watchProgressInterval = TimeSpan(configuration.effectiveWatchProgressNotifyInterval)
        usesCommonNames = configuration.clientSecurity.clientCertificateAuth
        pausesOnDefragmentation = configuration.featureGates.isEnabled(.stopGRPCServiceOnDefrag)
    }
}

extension GRPCServerConfiguration {
    /// Bytes allowed beyond the request limit for the encoding around a request, as in etcd.
    private static let overheadBytes = 512 * 1024

    /// The limits and callbacks that an operator's configuration asks for.
    package init(
        _ configuration: ServerConfiguration, _ services: ServiceTable, logger: ServerLogger
    ) {
        self.init(configuration, services, logger: logger, tracing: nil)
    }

    /// - Parameter tracing: nil: no call is traced.
    init(
        _ configuration: ServerConfiguration, _ services: ServiceTable, logger: ServerLogger,
        tracing: MemberTracing?
    ) {
        self.init()
        let logsAll = logger.isEnabled(.debug)
        let limit = TimeSpan(configuration.effectiveWarningUnaryRequestDuration)
        slowCallTime = logsAll ? .zero : limit
        onSlowCall = { call in
            let isSlow = call.time >= limit
            logger.log(call, level: isSlow ? .warn : .debug)
        }
        describeRequest = { RequestDescriptions.describe($0, $1, $2) }
        receiveBytesMax = Int(configuration.requestBytesMax) + Self.overheadBytes
        recordsHandlingTime = configuration.usesExtensiveMetrics
        http2.concurrentStreamsMax =
            configuration.concurrentStreamsMax == .max ? nil : configuration.concurrentStreamsMax
        http2.keepalive.apply(configuration)
        metadataNames = ServiceTable.metadataNames
        if let tracing {
            metadataNames += ServiceTable.traceMetadataNames
            observeCall = tracing.observeCall
        }
        onReadTickComplete = { loop in services.readTickComplete(loop) }
    }
}

extension HTTP2KeepaliveConfiguration {
    /// grpc-go's defaults, which etcd leaves in place for a flag of 0.
    private static let defaultPeerPingIntervalMin = TimeSpan.seconds(5 * 60)
    private static let defaultPingInterval = TimeSpan.seconds(2 * 3600)
    private static let defaultPingTimeout = TimeSpan.seconds(20)
    /// grpc-go pings no more often.
    private static let pingIntervalMin = TimeSpan.seconds(1)

    /// Interval and timeout only apply together.
    fileprivate mutating func apply(_ configuration: ServerConfiguration) {
        let minimum = TimeSpan(configuration.keepaliveTimeMin)
        peerPingIntervalMin = minimum > .zero ? minimum : Self.defaultPeerPingIntervalMin
        let interval = TimeSpan(configuration.keepaliveInterval)
        let timeout = TimeSpan(configuration.keepaliveTimeout)
        let isSet = interval > .zero && timeout > .zero
        pingInterval = isSet ? max(interval, Self.pingIntervalMin) : Self.defaultPingInterval
        pingTimeout = isSet ? timeout : Self.defaultPingTimeout
    }
}

extension ServerLogger {
    /// Logs a slow unary call, or any at level debug.
    fileprivate func log(_ call: GRPCSlowCall, level: LogLevel) {
        let request = call.request
        let isCounted = request.responseCount >= 0
        let start = LogTimestamp.now() - call.time / .microseconds(1)
        let fields: KeyValuePairs<String, LogValue> = [
            "start time": .string(LogTimestamp.text(start)),
            "time spent": .duration(Duration(call.time)),
            "remote": .string(call.remote), "response type": .string(call.path),
            "request count": .integer(request.count), "request size": .number(request.sizeBytes),
            "response count": .integer(request.responseCount),
            "response size": .number(isCounted ? call.responseBytes : -1),
            "request content": .string(request.content),
        ]
        if level == .warn { warn("request stats", fields) } else { debug("request stats", fields) }
    }
}

extension HTTPServiceConfiguration {
    init(_ configuration: ServerConfiguration) {
        self.init()
        allowedOrigins = configuration.cors.allowsAll ? ["*"] : Set(configuration.cors.origins)
        hostWhitelist = Set(configuration.hostWhitelist.values)
        servesProfiles =
            configuration.enableProfiling
            || LogLevel(flagText: configuration.logging.level) == .debug
        healthTimeout = TimeSpan(configuration.requestTimeout)
        bodyBytesMax = Int(configuration.requestBytesMax) + 512 * 1024
        commandLine = SecretFlags.masked(CommandLine.arguments)
    }
}
