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
        _ path: String, _ serve: @escaping @Sendable (GRPCServerCall, Request) -> Void
    ) -> GRPCMethod {
        GRPCMethod(path: path) { call, bytes in
            meter.countRequest(call, isStream: false)
            if let error = checkLeader(call) { return call.fail(error) }
            guard let request = try? Request(serializedBytes: bytes) else {
                return call.finish(.undecodable)
            }
            serve(call, request)
        }
    }
}
