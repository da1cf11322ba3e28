internal import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

extension GRPCServerCall {
    /// Answers with a generated message.
    func answer(_ message: some SwiftProtobuf.Message) {
        guard let bytes: [UInt8] = try? message.serializedBytes() else {
            return finish(GRPCStatus(.internal, "grpc: error while marshaling"))
        }
        respond(bytes)
    }

    /// Sends a generated message on a stream.
    func send(_ message: some SwiftProtobuf.Message) {
        guard let bytes: [UInt8] = try? message.serializedBytes() else {
            return finish(GRPCStatus(.internal, "grpc: error while marshaling"))
        }
        send(bytes)
    }
}

extension GRPCServerCall {
    /// Answers with what a task makes of the request. The task is cancelled when the call ends
    /// before.
    func answer(
        _ body: @escaping @Sendable () async throws(EtcdError) -> some SwiftProtobuf.Message
    ) {
        let call = self
        let task = Task {
            do throws(EtcdError) {
                let message = try await body()
                call.eventLoop.execute { call.loop.performBatch { call.answer(message) } }
            } catch {
                call.eventLoop.execute { call.loop.performBatch { call.fail(error) } }
            }
        }
        onClosed = { _ in task.cancel() }
    }
}

extension Etcdserverpb_ResponseHeader {
    init(_ header: ResponseHeader) {
        self.init()
        clusterID = header.clusterID
        memberID = header.memberID
        revision = header.revision
        raftTerm = header.raftTerm
    }
}

extension ServiceContext {
    /// A unary method with generated request and answer.
    func generated<Request: SwiftProtobuf.Message>(
        _ path: String, isForLearners: Bool = false,
        _ serve: @escaping @Sendable (GRPCServerCall, Request) -> Void
    ) -> GRPCMethod {
        GRPCMethod(path: path) { call, bytes in
            guard let request = try? Request(serializedBytes: bytes) else {
                return call.refuseRequest(.undecodableRequest)
            }
            if let error = refusal(call, isForLearners: isForLearners) { return call.fail(error) }
            serve(call, request)
        }
    }
}
