internal import EtcdAPI
internal import GRPC
internal import Lease
internal import MemberRuntime
internal import StateMachine

/// Lease calls: etcdserverpb.Lease.
struct LeaseService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.unary("/etcdserverpb.Lease/LeaseGrant") { call, request, _ in
                grant(call, request)
            },
            revokeMethod("/etcdserverpb.Lease/LeaseRevoke"),
            context.stream("/etcdserverpb.Lease/LeaseKeepAlive", .bidirectional) { _ in
                LeaseKeepAliveHandler(context: context)
            },
            context.generated("/etcdserverpb.Lease/LeaseTimeToLive") {
                (call: GRPCServerCall, request: Etcdserverpb_LeaseTimeToLiveRequest) in
                call.respond { () async throws(EtcdError) in
                    var response = try await context.leases.timeToLive(request)
                    response.header = Etcdserverpb_ResponseHeader(context.header())
                    return response
                }
            },
            context.generated("/etcdserverpb.Lease/LeaseLeases") {
                (call: GRPCServerCall, _: Etcdserverpb_LeaseLeasesRequest) in leases(call)
            },
        ]
    }

    /// An ID is generated here when the request has none, so that it is in the log.
    private func grant(_ call: GRPCServerCall, _ request: LeaseGrantRequest) {
        var request = request
        while request.id == 0 {
            request.id = Int64(bitPattern: context.runtime.nextRequestID() & 0x7FFF_FFFF_FFFF_FFFF)
        }
        let field = InternalRaftRequest.Field.leaseGrant
        let cost = Quota.costOfLease()
        context.propose(field, request.encoded(), costBytes: cost, for: call) { applied, header in
            guard case .leaseGrant(let id, let seconds) = applied.body else { return }
            call.respond(LeaseResponse(header: header, id: id, ttlSeconds: seconds))
        }
    }

    private func revokeMethod(_ path: String) -> GRPCMethod {
        context.unary(path) { (call: GRPCServerCall, _: LeaseRevokeRequest, bytes: [UInt8]) in
            let field = InternalRaftRequest.Field.leaseRevoke
            context.propose(field, bytes, for: call) { _, header in
                call.respond(HeaderResponse(header: header))
            }
        }
    }

    private func leases(_ call: GRPCServerCall) {
        let context = self.context
        context.submitter(call).onState({ $0.leases() }) { response in
            var response = response
            response.header = Etcdserverpb_ResponseHeader(context.header())
            call.respond(response)
        }
    }
}
