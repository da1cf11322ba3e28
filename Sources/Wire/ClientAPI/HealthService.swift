internal import EtcdAPI
internal import GRPC

/// grpc.health.v1: the whole server is one service, named by the empty text.
struct HealthService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/grpc.health.v1.Health/Check") {
                (call: GRPCServerCall, request: Grpc_Health_V1_HealthCheckRequest) in
                guard request.service.isEmpty else {
                    return call.finish(GRPCStatus(.notFound, "unknown service"))
                }
                var answer = Grpc_Health_V1_HealthCheckResponse()
                answer.status = .serving
                call.answer(answer)
            },
            context.stream("/grpc.health.v1.Health/Watch", .serverStreaming) { _ in
                HealthWatchHandler()
            },
        ]
    }
}

/// Tells the present state once; it does not change while the server serves.
final class HealthWatchHandler: GRPCCallHandler {
    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? Grpc_Health_V1_HealthCheckRequest(serializedBytes: message) else {
            return call.finish(.undecodable)
        }
        var answer = Grpc_Health_V1_HealthCheckResponse()
        answer.status = request.service.isEmpty ? .serving : .serviceUnknown
        call.send(answer)
    }

    func receiveHalfClose(on call: GRPCServerCall) {}
    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}
