internal import EtcdAPI
internal import GRPC
internal import Lease
internal import ReplicaRuntime
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
                call.answer { () async throws(EtcdError) in
                    var answer = try await context.leases.timeToLive(request)
                    answer.header = Etcdserverpb_ResponseHeader(context.header())
                    return answer
                }
            },
            context.generated("/etcdserverpb.Lease/LeaseLeases") {
                (call: GRPCServerCall, _: Etcdserverpb_LeaseLeasesRequest) in leases(call)
            },
        ]
    }

    /// An id is drawn here when the client leaves it to us, so that it is in the log.
    private func grant(_ call: GRPCServerCall, _ request: LeaseGrantRequest) {
        var request = request
        while request.id == 0 {
            request.id = Int64(bitPattern: context.runtime.nextRequestID() & 0x7FFF_FFFF_FFFF_FFFF)
        }
        let field = InternalRaftRequest.Field.leaseGrant
        let cost = Quota.costOfLease()
        context.propose(field, request.encoded(), costBytes: cost, for: call) { outcome, header in
            guard case .leaseGrant(let id, let seconds) = outcome.result else { return }
            call.answer(LeaseAnswer(header: header, id: id, ttlSeconds: seconds))
        }
    }

    private func revokeMethod(_ path: String) -> GRPCMethod {
        context.unary(path) { (call: GRPCServerCall, _: LeaseRevokeRequest, bytes: [UInt8]) in
            let field = InternalRaftRequest.Field.leaseRevoke
            context.propose(field, bytes, for: call) { _, header in
                call.answer(HeaderAnswer(header: header))
            }
        }
    }

    private func leases(_ call: GRPCServerCall) {
        let context = self.context
        context.port(call).onState({ $0.leases() }) { answer in
            var answer = answer
            answer.header = Etcdserverpb_ResponseHeader(context.header())
            call.answer(answer)
        }
    }
}
