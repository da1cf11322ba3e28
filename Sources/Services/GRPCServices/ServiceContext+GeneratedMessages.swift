internal import Auth
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
    /// A unary method with generated request and response messages; see `unary`.
    func generated<Request: SwiftProtobuf.Message>(
        _ path: String, isForLearners: Bool = false,
        check: @escaping @Sendable (Request) -> EtcdError? = { _ in nil },
        _ serve: @escaping @Sendable (GRPCServerCall, Request, Identity) -> Void
    ) -> GRPCMethod {
        let rule = Self.rule(of: path)
        return GRPCMethod(path: path) { [self] call, bytes in
            let request: Request
            do {
                request = try Request(serializedBytes: bytes)
            } catch BinaryDecodingError.invalidUTF8 {
                return call.refuseRequest(.requestWithInvalidText)
            } catch {
                return call.refuseRequest(.undecodableRequest)
            }
            if let error = refusal(call, isForLearners: isForLearners) ?? check(request) {
                return call.fail(error)
            }
            switch caller(of: call, rule) {
            case .known(let caller): serve(call, request, caller)
            case .refused(let error): call.fail(error)
            case .awaited: identify(call, rule) { serve(call, request, $0) }
            }
        }
    }
}
