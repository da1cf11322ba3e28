internal import EtcdAPI
internal import GRPC
internal import NIOCore

/// grpc.health.v1: the whole server is one service, with the empty name.
struct HealthService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/grpc.health.v1.Health/Check") {
                (call: GRPCServerCall, request: Grpc_Health_V1_HealthCheckRequest, _) in
                guard request.service.isEmpty else {
                    return call.finish(GRPCStatus(.notFound, "unknown service"))
                }
                var response = Grpc_Health_V1_HealthCheckResponse()
                response.status = context.serving.isServing ? .serving : .notServing
                call.respond(response)
            },
            context.generated("/grpc.health.v1.Health/List") {
                (call: GRPCServerCall, _: Grpc_Health_V1_HealthListRequest, _) in
                var status = Grpc_Health_V1_HealthCheckResponse()
                status.status = context.serving.isServing ? .serving : .notServing
                var response = Grpc_Health_V1_HealthListResponse()
                response.statuses = ["": status]
                call.respond(response)
            },
            context.stream("/grpc.health.v1.Health/Watch", .serverStreaming) { _, _ in
                HealthWatchHandler(serving: context.serving)
            },
        ]
    }
}

/// Streams the current status and each change; a client that does not read gets the newest status
/// once it does. Owned by the call's event loop.
final class HealthWatchHandler: GRPCCallHandler {
    private let serving: ServingStatus
    private var watcher: UInt64?
    private var unsent: Grpc_Health_V1_HealthCheckResponse.ServingStatus?

    init(serving: ServingStatus) { self.serving = serving }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? Grpc_Health_V1_HealthCheckRequest(serializedBytes: message) else {
            return call.finish(.undecodable)
        }
        guard request.service.isEmpty else { return report(.serviceUnknown, call) }
        guard watcher == nil else { return }
        let loop = call.loop
        let box = NIOLoopBound((handler: self, call: call), eventLoop: call.eventLoop)
        watcher = serving.watch { isServing in
            loop.eventLoop.execute {
                loop.performBatch {
                    box.value.handler.report(isServing ? .serving : .notServing, box.value.call)
                }
            }
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}
    func becameWritable(_ call: GRPCServerCall) {
        guard let status = unsent else { return }
        unsent = nil
        report(status, call)
    }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        if let watcher { serving.cancel(watcher) }
    }

    /// Sends a status, now or when the call is writable unless a newer one replaces it.
    private func report(
        _ status: Grpc_Health_V1_HealthCheckResponse.ServingStatus, _ call: GRPCServerCall
    ) {
        guard call.isWritable else { return unsent = status }
        var response = Grpc_Health_V1_HealthCheckResponse()
        response.status = status
        call.send(response)
    }
}
