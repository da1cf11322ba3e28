internal import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

extension GRPCServerCall {
    /// Responds with a generated message.
    func respond(_ message: some SwiftProtobuf.Message) {
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
    /// Responds with the result of a task. The task is cancelled when the call ends first.
    func respond(
        _ body: @escaping @Sendable () async throws(EtcdError) -> some SwiftProtobuf.Message
    ) {
        let call = self
        let task = Task {
            do throws(EtcdError) {
                let message = try await body()
                call.eventLoop.execute { call.loop.performBatch { call.respond(message) } }
            } catch {
                call.eventLoop.execute { call.loop.performBatch { call.fail(error) } }
            }
        }
        onClosed = { _ in task.cancel() }
    }
}
