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
            GRPCMethod(path: "/etcdserverpb.Lease/LeaseKeepAlive", kind: .bidirectional) { call in
                context.meter.countRequest(call, isStream: true)
                return LeaseKeepAliveHandler(context: context, call: call)
            },
            context.generated("/etcdserverpb.Lease/LeaseTimeToLive") { call, request in
                timeToLive(call, request)
            },
            GRPCMethod(path: "/etcdserverpb.Lease/LeaseLeases") { call, _ in leases(call) },
        ]
    }

    /// An id is drawn here when the client leaves it to us, so that it is in the log.
    private func grant(_ call: GRPCServerCall, _ request: LeaseGrantRequest) {
        if let error = context.quotaError(Quota.costOfLease()) { return call.fail(error) }
        var request = request
        while request.id == 0 {
            request.id = Int64(bitPattern: context.runtime.nextRequestID() & 0x7FFF_FFFF_FFFF_FFFF)
        }
        let field = InternalRaftRequest.Field.leaseGrant
        context.propose(field, request.encoded(), for: call) { outcome, header in
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

    private func timeToLive(
        _ call: GRPCServerCall, _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) {
        let context = self.context
        context.port(call).onState({ $0.timeToLive(request) }) { answer in
            var answer = answer
            answer.header = Etcdserverpb_ResponseHeader(context.header())
            call.answer(answer)
        }
    }

    private func leases(_ call: GRPCServerCall) {
        context.meter.countRequest(call, isStream: false)
        if let error = context.checkLeader(call) { return call.fail(error) }
        let context = self.context
        context.port(call).onState({ $0.leases() }) { answer in
            var answer = answer
            answer.header = Etcdserverpb_ResponseHeader(context.header())
            call.answer(answer)
        }
    }
}

/// What the lease calls read of the state.
extension StateAccess {
    func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) -> Etcdserverpb_LeaseTimeToLiveResponse {
        var answer = Etcdserverpb_LeaseTimeToLiveResponse()
        answer.id = request.id
        guard let lease = state.lessor[LeaseID(rawValue: request.id)] else {
            answer.ttl = -1
            return answer
        }
        answer.ttl = lease.remainingSeconds(at: state.now)
        answer.grantedTtl = lease.grantedSeconds
        if request.keys { answer.keys = lease.sortedKeys.map { .init($0) } }
        return answer
    }

    func leases() -> Etcdserverpb_LeaseLeasesResponse {
        var answer = Etcdserverpb_LeaseLeasesResponse()
        answer.leases = state.lessor.leasesByExpiry().map { lease in
            var status = Etcdserverpb_LeaseStatus()
            status.id = lease.id.rawValue
            return status
        }
        return answer
    }
}

/// A stream of keepalives: each request is answered in its order.
final class LeaseKeepAliveHandler: GRPCCallHandler {
    private let context: ServiceContext
    private var isHalfClosed = false
    private var answers: [Int64: LeaseAnswer] = [:]
    private var nextSent: Int64 = 0
    private var nextReceived: Int64 = 0
    private var refusal: EtcdError?

    init(context: ServiceContext, call: GRPCServerCall) {
        self.context = context
        refusal = context.checkLeader(call)
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        if let refusal { return call.fail(refusal) }
        guard let request = try? LeaseKeepAliveRequest(decoding: message) else {
            return call.finish(.undecodable)
        }
        let number = nextReceived
        nextReceived += 1
        // Taken before, so that a renewal is never told at a revision after the lease's end.
        let header = context.header()
        context.port(call).keepAlive(LeaseID(rawValue: request.id)) { [self] result in
            switch result {
            case .success(let seconds):
                if seconds > 0 { context.meter.leasesRenewed.increment() }
                answers[number] = LeaseAnswer(
                    header: header, id: request.id, ttlSeconds: seconds)
                sendReady(call)
            case .failure(let error): call.fail(error)
            }
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {
        if let refusal { return call.fail(refusal) }
        isHalfClosed = true
        sendReady(call)
    }

    func becameWritable(_ call: GRPCServerCall) {}

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        context.meter.streamClosed("lease-keepalive", reason)
    }

    private func sendReady(_ call: GRPCServerCall) {
        while let answer = answers.removeValue(forKey: nextSent) {
            nextSent += 1
            call.send(answer)
        }
        if isHalfClosed, nextSent == nextReceived { call.finish() }
    }
}
