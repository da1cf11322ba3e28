internal import Auth
internal import EtcdAPI
internal import GRPC
internal import Lease
internal import NIOCore
internal import MemberRuntime
internal import Stages

/// A stream of keepalives, with responses in the order of the requests. Owned by the call's event
/// loop.
///
/// On the leader a renewal is a short access to the state. Slower renewals, above all those
/// forwarded to the leader, run in a limited number of tasks; the others are queued. With many
/// requests unanswered the stream receives no more of them.
final class LeaseKeepAliveHandler: GRPCCallHandler {
    private let context: ServiceContext
    private let rule: RPCRule
    private var isHalfClosed = false
    private var responses: [Int64: LeaseResponse] = [:]
    private var nextSent: Int64 = 0
    private var nextReceived: Int64 = 0
    /// Renewals that wait for a task.
    private var queued: [Renewal] = []
    private var tasks: [Int64: Task<Void, Never>] = [:]
    private var isPaused = false

    private struct Renewal: Sendable {
        let number: Int64
        let request: RenewalRequest
        let header: ResponseHeader
        /// When its span began, if the call is traced.
        var began: UInt64?
    }

    /// Maximum number of concurrent tasks.
    private static let tasksMax = 16
    /// Unanswered requests at which receiving is paused, and at which it is resumed.
    private static let unansweredMax = 1024
    private static let unansweredResume = 512

    init(context: ServiceContext, rule: RPCRule) {
        self.context = context
        self.rule = rule
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? LeaseKeepAliveRequest(decoding: message) else {
            return call.finish(.undecodable)
        }
        // The header is taken first, so that a renewal never has a revision after the lease's end.
        let (number, header) = (nextReceived, context.header())
        nextReceived += 1
        if !isPaused, nextReceived - nextSent >= Self.unansweredMax {
            isPaused = true
            call.pauseReceiving()
        }
        let id = LeaseID(rawValue: request.id)
        switch context.caller(of: call, rule) {
        case .known(let caller):
            let request = RenewalRequest(id, by: caller)
            renew(Renewal(number: number, request: request, header: header), call)
        case .refused(let error): call.fail(error)
        case .awaited:
            context.identify(call, rule) { [self] caller in
                let request = RenewalRequest(id, by: caller)
                renew(Renewal(number: number, request: request, header: header), call)
            }
        }
    }

    private func renew(_ received: Renewal, _ call: GRPCServerCall) {
        var renewal = received
        renewal.began = CallTrace.of(call)?.now
        context.submitter(call).renew(renewal.request) { [self, renewal] seconds in
            if let seconds { finish(renewal, seconds, call) } else { renewInTask(renewal, call) }
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {
        isHalfClosed = true
        sendReady(call)
    }

    func becameWritable(_ call: GRPCServerCall) {}

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        for task in tasks.values { task.cancel() }
        tasks.removeAll()
        queued.removeAll()
        context.metrics.streamClosed("lease-keepalive", reason)
    }

    /// Renews a lease here or at the leader in a task, or queues the renewal.
    private func renewInTask(_ renewal: Renewal, _ call: GRPCServerCall) {
        guard !call.isClosed else { return }
        guard tasks.count < Self.tasksMax else {
            return queued.append(renewal)
        }
        let context = self.context
        let box = NIOLoopBound(self, eventLoop: call.eventLoop)
        tasks[renewal.number] = Task { @Sendable in
            let result = await context.leases.renew(renewal.request)
            call.eventLoop.execute {
                call.loop.performBatch { box.value.taskCompleted(renewal, result, call) }
            }
        }
    }

    private func taskCompleted(
        _ renewal: Renewal, _ result: Result<Int64, EtcdError>, _ call: GRPCServerCall
    ) {
        tasks[renewal.number] = nil
        guard !call.isClosed else { return }
        switch result {
        case .success(let seconds): finish(renewal, seconds, call)
        case .failure(let error): return call.fail(error)
        }
        if !queued.isEmpty { renewInTask(queued.removeFirst(), call) }
    }

    private func finish(_ renewal: Renewal, _ seconds: Int64, _ call: GRPCServerCall) {
        if seconds > 0 { context.metrics.leasesRenewed.increment() }
        if let began = renewal.began {
            CallTrace.of(call)?.recordRenewal(renewal.request.id.rawValue, began: began)
        }
        responses[renewal.number] = LeaseResponse(
            header: renewal.header, id: renewal.request.id.rawValue, ttlSeconds: seconds)
        sendReady(call)
    }

    private func sendReady(_ call: GRPCServerCall) {
        while let response = responses.removeValue(forKey: nextSent) {
            nextSent += 1
            call.send(response)
        }
        if isPaused, nextReceived - nextSent <= Self.unansweredResume {
            isPaused = false
            call.resumeReceiving()
        }
        if isHalfClosed, nextSent == nextReceived { call.finish() }
    }
}
