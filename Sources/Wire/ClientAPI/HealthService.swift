internal import EtcdAPI
internal import GRPC
internal import NIOCore

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
                answer.status = context.serving.isServing ? .serving : .notServing
                call.answer(answer)
            },
            context.generated("/grpc.health.v1.Health/List") {
                (call: GRPCServerCall, _: Grpc_Health_V1_HealthListRequest) in
                var status = Grpc_Health_V1_HealthCheckResponse()
                status.status = context.serving.isServing ? .serving : .notServing
                var answer = Grpc_Health_V1_HealthListResponse()
                answer.statuses = ["": status]
                call.answer(answer)
            },
            context.stream("/grpc.health.v1.Health/Watch", .serverStreaming) { _ in
                HealthWatchHandler(serving: context.serving)
            },
        ]
    }
}

/// Tells the present state and each change of it. Owned by the call's event loop.
final class HealthWatchHandler: GRPCCallHandler {
    private let serving: ServingStatus
    private var watcher: UInt64?

    init(serving: ServingStatus) { self.serving = serving }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? Grpc_Health_V1_HealthCheckRequest(serializedBytes: message) else {
            return call.finish(.undecodable)
        }
        guard request.service.isEmpty else { return tell(.serviceUnknown, call) }
        guard watcher == nil else { return }
        let loop = call.loop
        let box = NIOLoopBound((handler: self, call: call), eventLoop: call.eventLoop)
        watcher = serving.watch { isServing in
            loop.eventLoop.execute {
                loop.performBatch {
                    box.value.handler.tell(isServing ? .serving : .notServing, box.value.call)
                }
            }
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}
    func becameWritable(_ call: GRPCServerCall) {}

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        if let watcher { serving.cancel(watcher) }
    }

    private func tell(
        _ status: Grpc_Health_V1_HealthCheckResponse.ServingStatus, _ call: GRPCServerCall
    ) {
        guard !call.isClosed else { return }
        var answer = Grpc_Health_V1_HealthCheckResponse()
        answer.status = status
        call.send(answer)
    }
}
