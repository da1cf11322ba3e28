internal import Auth
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
            context.unary("/etcdserverpb.Lease/LeaseGrant") { call, request, _, caller in
                grant(call, request, caller)
            },
            revokeMethod("/etcdserverpb.Lease/LeaseRevoke"),
            context.stream("/etcdserverpb.Lease/LeaseKeepAlive", .bidirectional) { _, rule in
                LeaseKeepAliveHandler(context: context, rule: rule)
            },
            context.generated("/etcdserverpb.Lease/LeaseTimeToLive") {
                (call: GRPCServerCall, request: Etcdserverpb_LeaseTimeToLiveRequest, caller) in
                call.respond { () async throws(EtcdError) in
                    var response = try await context.leases.timeToLive(request, by: caller)
                    response.header = Etcdserverpb_ResponseHeader(context.header())
                    return response
                }
            },
            context.generated("/etcdserverpb.Lease/LeaseLeases") {
                (call: GRPCServerCall, _: Etcdserverpb_LeaseLeasesRequest, caller) in
                call.respond { () async throws(EtcdError) in try await leases(by: caller) }
            },
        ]
    }

    /// An ID is generated here when the request has none, so that it is in the log.
    private func grant(
        _ call: GRPCServerCall, _ request: LeaseGrantRequest, _ caller: Identity
    ) {
        var request = request
        while request.id == 0 {
            request.id = Int64(bitPattern: context.runtime.nextRequestID() & 0x7FFF_FFFF_FFFF_FFFF)
        }
        let field = InternalRaftRequest.Field.leaseGrant
        let cost = Quota.costOfLease()
        context.propose(field, request.encoded(), by: caller, costBytes: cost, for: call) {
            applied, header in
            guard case .leaseGrant(let id, let seconds) = applied.body else { return }
            call.respond(LeaseResponse(header: header, id: id, ttlSeconds: seconds))
        }
    }

    private func revokeMethod(_ path: String) -> GRPCMethod {
        context.unary(path) {
            (call: GRPCServerCall, _: LeaseRevokeRequest, bytes: [UInt8], caller: Identity) in
            let field = InternalRaftRequest.Field.leaseRevoke
            context.propose(field, bytes, by: caller, for: call) { _, header in
                call.respond(HeaderResponse(header: header))
            }
        }
    }

    /// The leases are sorted, and their keys checked, in the caller's task: there may be many.
    private func leases(
        by caller: Identity
    ) async throws(EtcdError) -> Etcdserverpb_LeaseLeasesResponse {
        let (listing, auth) = try await context.runtime.readState { state in
            (state.lessor.listing, state.auth.snapshot)
        }
        let leases = listing.byExpiry
        let authorization = auth.authorization(of: caller)
        for lease in leases { try authorization.requireRead(of: lease.keys) }
        var response = Etcdserverpb_LeaseLeasesResponse()
        response.header = Etcdserverpb_ResponseHeader(context.header())
        response.leases = leases.map { lease in
            var status = Etcdserverpb_LeaseStatus()
            status.id = lease.id.rawValue
            return status
        }
        return response
    }
}
