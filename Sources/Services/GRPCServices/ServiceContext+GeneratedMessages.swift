internal import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

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
    /// A unary method with generated request and response messages.
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
