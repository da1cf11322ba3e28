import Configuration
import GRPC
import GRPCServices
import NIOCore
import OpenTelemetry
import ServerLogging

/// The tracing of a member: which calls are traced, and the export of their spans.
struct MemberTracing: Sendable {
    let proposalTimes = ProposalTimes()
    private let recorder: TraceRecorder
    private let exporter: SpanExporter

    /// nil: tracing is off.
    init?(_ configuration: TracingConfiguration, on loop: any EventLoop, logger: ServerLogger) {
        guard configuration.isEnabled else { return nil }
        let queue = SpanQueue()
        recorder = TraceRecorder(
            sampler: TraceSampler(perMillion: configuration.samplingRatePerMillion), queue: queue)
        let (host, port) = Self.endpoint(configuration.address)
        exporter = SpanExporter(
            host: host, port: port,
            resource: TraceResource(
                serviceName: configuration.serviceName, instanceID: configuration.instanceID),
            queue: queue, on: loop
        ) { state in
            let address = LogValue.string(configuration.address)
            switch state {
            case .exporting: logger.info("exporting traces again", ["address": address])
            case .failing(let reason):
                logger.warn(
                    "failed to export traces", ["address": address, "error": .string(reason)])
            }
        }
        logger.debug(
            "distributed tracing enabled",
            [
                "address": .string(configuration.address),
                "service-name": .string(configuration.serviceName),
                "service-instance-id": .string(configuration.instanceID),
                "sampling-rate": .number(configuration.samplingRatePerMillion),
            ])
        logger.info("distributed tracing setup enabled")
    }

    /// For a `GRPCServerConfiguration`.
    var observeCall: @Sendable (GRPCServerCall) -> (any GRPCCallObserver)? {
        { [recorder, proposalTimes] call in CallTrace(call, recorder, proposalTimes) }
    }

    func start() { exporter.start() }

    /// Exports what waits.
    func stop() async { await exporter.stop() }

    /// Host and port of `host:port`; the port of OTLP without one.
    private static func endpoint(_ address: String) -> (host: String, port: Int) {
        let collectorPort = 4317
        guard let colon = address.lastIndex(of: ":"),
            let port = UInt16(address[address.index(after: colon)...])
        else { return (address, collectorPort) }
        let host = address[..<colon].filter { !"[]".contains($0) }
        return (host, Int(port))
    }
}
