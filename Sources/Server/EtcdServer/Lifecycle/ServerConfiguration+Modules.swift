import MonotonicClock
import ServerLogging
import Configuration
import Bootstrap
import GRPCServices
import GRPC
import HTTPServices
import HTTP2
import Stages

/// The configurations of the modules, derived from the operator's configuration.
extension MemberConfiguration {
    init(_ configuration: ServerConfiguration, _ member: StartingMember) {
        self.init()
        joinsAsLearner = member.remotes.contains { $0.id == member.localID && $0.isLearner }
        tickInterval = .milliseconds(Int64(configuration.heartbeatIntervalMilliseconds))
        electionTimeout = .milliseconds(Int64(configuration.electionTimeoutMilliseconds))
        advancesFirstElection = configuration.initialElectionTickAdvance
        requestTimeout = .milliseconds(configuration.requestTimeout.milliseconds)
        persistInterval = .milliseconds(
            max(configuration.effectiveBackendBatchInterval.milliseconds, 1))
        persistOperations = configuration.effectiveBackendBatchLimit
        compactionPause = .milliseconds(
            configuration.effectiveCompactionSleepInterval.milliseconds)
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
        watchProgressInterval = .milliseconds(
            configuration.effectiveWatchProgressNotifyInterval.milliseconds)
        pausesOnDefragmentation = configuration.featureGates.isEnabled(.stopGRPCServiceOnDefrag)
    }
}

extension GRPCServerConfiguration {
    /// Bytes allowed beyond the request limit for the encoding around a request, as in etcd.
    private static let overheadBytes = 512 * 1024

    init(
        _ configuration: ServerConfiguration, _ services: ServiceTable, logger: ServerLogger
    ) {
        self.init()
        let logsAll = logger.isEnabled(.debug)
        let limit = configuration.effectiveWarningUnaryRequestDuration.milliseconds
        slowCallMilliseconds = logsAll ? 0 : limit
        onSlowCall = { call in
            let isSlow = call.milliseconds >= limit
            logger.log(call, level: isSlow ? .warn : .debug)
        }
        describeRequest = { RequestDescriptions.describe($0, $1, $2) }
        receiveBytesMax = Int(configuration.requestBytesMax) + Self.overheadBytes
        recordsHandlingTime = configuration.usesExtensiveMetrics
        http2.concurrentStreamsMax =
            configuration.concurrentStreamsMax == .max ? nil : configuration.concurrentStreamsMax
        http2.keepalive.apply(configuration)
        metadataNames = ServiceTable.metadataNames
        onReadTickComplete = { loop in services.readTickComplete(loop) }
    }
}

extension HTTP2KeepaliveConfiguration {
    /// grpc-go's defaults, which etcd leaves in place for a flag of 0.
    private static let defaultPeerPingIntervalMillisecondsMin: Int64 = 5 * 60 * 1000
    private static let defaultPingIntervalMilliseconds: Int64 = 2 * 3600 * 1000
    private static let defaultPingTimeoutMilliseconds: Int64 = 20_000
    /// grpc-go pings no more often.
    private static let pingIntervalMillisecondsMin: Int64 = 1000

    /// Interval and timeout only apply together.
    fileprivate mutating func apply(_ configuration: ServerConfiguration) {
        let minimum = configuration.keepaliveTimeMin.milliseconds
        peerPingIntervalMillisecondsMin =
            minimum > 0 ? minimum : Self.defaultPeerPingIntervalMillisecondsMin
        let interval = configuration.keepaliveInterval.milliseconds
        let timeout = configuration.keepaliveTimeout.milliseconds
        let isSet = interval > 0 && timeout > 0
        pingIntervalMilliseconds =
            isSet
            ? max(interval, Self.pingIntervalMillisecondsMin)
            : Self.defaultPingIntervalMilliseconds
        pingTimeoutMilliseconds = isSet ? timeout : Self.defaultPingTimeoutMilliseconds
    }
}

extension ServerLogger {
    /// Logs a slow unary call, or any at level debug.
    fileprivate func log(_ call: GRPCSlowCall, level: LogLevel) {
        let request = call.request
        let isCounted = request.responseCount >= 0
        let start = LogTimestamp.now() - call.milliseconds * 1000
        let fields: KeyValuePairs<String, LogValue> = [
            "start time": .string(LogTimestamp.text(start)),
            "time spent": .duration(.milliseconds(call.milliseconds)),
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
        isJSONGatewayEnabled = configuration.enableGRPCGateway
        servesProfiles =
            configuration.enableProfiling
            || LogLevel(flagText: configuration.logging.level) == .debug
        healthTimeoutMilliseconds = configuration.requestTimeout.milliseconds
        bodyBytesMax = Int(configuration.requestBytesMax) + 512 * 1024
        commandLine = CommandLine.arguments
    }
}
