import ClientAPI
import GRPC
import Gateway
import HTTP2
import Stages

/// From what the operator chose to what each module is set to.
extension MemberSettings {
    init(_ configuration: ServerConfiguration, _ member: StartingMember) {
        self.init()
        joinsAsLearner = member.remotes.contains { $0.id == member.localID && $0.isLearner }
        tickMilliseconds = Int64(configuration.heartbeatIntervalMilliseconds)
        electionMilliseconds = Int64(configuration.electionTimeoutMilliseconds)
        advancesFirstElection = configuration.initialElectionTickAdvance
        requestTimeoutMilliseconds = configuration.requestTimeout.milliseconds
        persistMilliseconds = max(configuration.effectiveBackendBatchInterval.milliseconds, 1)
        persistOperations = configuration.effectiveBackendBatchLimit
        compactionPauseMilliseconds = configuration.effectiveCompactionSleepInterval.milliseconds
        segmentsMaximum = Int(configuration.walFilesMax)
        snapshotsMaximum = Int(configuration.snapshotFilesMax)
        requestMaximumBytes = Int(configuration.requestBytesMax)
        synchronizesLog = !configuration.unsafeNoFsync
        prioritizesRevocations = configuration.featureGates.isEnabled(.priorityRequest)
    }
}

extension ServiceSettings {
    init(
        _ configuration: ServerConfiguration, _ member: StartingMember,
        others: any OtherMembers = NoOtherMembers()
    ) {
        self.init(clusterID: member.clusterID, memberID: member.localID, others: others) {
            (try? EndpointURL($0, allowsAnyPort: true))?.text
        }
        checksReconfiguration = configuration.strictReconfigCheck
        transactionOperationsMax = Int(configuration.transactionOperationsMax)
        requestMaximumBytes = Int(configuration.requestBytesMax)
        watchProgressMilliseconds =
            configuration.effectiveWatchProgressNotifyInterval.milliseconds
        pausesOnDefragmentation = configuration.featureGates.isEnabled(.stopGRPCServiceOnDefrag)
    }
}

extension GRPCServerConfiguration {
    /// Beside a request there is room for what wraps it on the wire, as etcd leaves it.
    private static let overheadBytes = 512 * 1024

    init(
        _ configuration: ServerConfiguration, _ services: ClientAPI, logger: ServerLogger
    ) {
        self.init()
        let tellsAll = logger.isEnabled(.debug)
        let limit = configuration.effectiveWarningUnaryRequestDuration.milliseconds
        slowCallMilliseconds = tellsAll ? 0 : limit
        onSlowCall = { call in
            let isSlow = call.milliseconds >= limit
            logger.tell(call, level: isSlow ? .warn : .debug)
        }
        describeRequest = { RequestDescriptions.describe($0, $1, $2) }
        maxReceiveBytes = Int(configuration.requestBytesMax) + Self.overheadBytes
        recordsHandlingTime = configuration.usesExtensiveMetrics
        http2.maxConcurrentStreams =
            configuration.concurrentStreamsMax == .max ? nil : configuration.concurrentStreamsMax
        let minimum = configuration.keepaliveMinTime.milliseconds
        http2.keepalive.minimumPeerIntervalMilliseconds = minimum > 0 ? minimum : nil
        let interval = configuration.keepaliveInterval.milliseconds
        let timeout = configuration.keepaliveTimeout.milliseconds
        http2.keepalive.pingIntervalMilliseconds = interval > 0 && timeout > 0 ? interval : nil
        if timeout > 0 { http2.keepalive.pingTimeoutMilliseconds = timeout }
        onReadTurnComplete = { loop in services.readTurnComplete(loop) }
    }
}

extension ServerLogger {
    /// A unary call that took long, or any while debugging.
    fileprivate func tell(_ call: GRPCSlowCall, level: LogLevel) {
        let request = call.request
        let isTold = request.responseCount >= 0
        let start = LogTimestamp.now() - call.milliseconds * 1000
        let fields: KeyValuePairs<String, LogValue> = [
            "start time": .string(LogTimestamp.text(start)),
            "time spent": .duration(.milliseconds(call.milliseconds)),
            "remote": .string(call.remote), "response type": .string(call.path),
            "request count": .integer(request.count), "request size": .number(request.sizeBytes),
            "response count": .integer(request.responseCount),
            "response size": .number(isTold ? call.responseBytes : -1),
            "request content": .string(request.content),
        ]
        if level == .warn { warn("request stats", fields) } else { debug("request stats", fields) }
    }
}

extension GatewaySettings {
    init(_ configuration: ServerConfiguration) {
        self.init()
        allowedOrigins = configuration.cors.allowsAll ? ["*"] : Set(configuration.cors.origins)
        hostWhitelist = Set(configuration.hostWhitelist.values)
        isJSONGatewayEnabled = configuration.enableGRPCGateway
        servesProfiles =
            configuration.enableProfiling
            || LogLevel(flagText: configuration.logging.level) == .debug
        healthTimeoutMilliseconds = configuration.requestTimeout.milliseconds
        bodyMaximumBytes = Int(configuration.requestBytesMax) + 512 * 1024
        commandLine = CommandLine.arguments
    }
}

extension Duration {
    /// Whole milliseconds; what is too long is the longest there is.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product + attoseconds / 1_000_000_000_000_000
    }
}
