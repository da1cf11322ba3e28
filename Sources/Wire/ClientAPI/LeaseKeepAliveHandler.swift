internal import EtcdAPI
internal import GRPC
internal import Lease
internal import NIOCore
internal import ReplicaRuntime

/// A stream of keepalives: each request is answered in its order. Owned by the call's event loop.
///
/// On the leader a renewal costs a look at the state. What takes longer, a request to the leader
/// above all, is done by a task; only so many are under way at a time, the others wait.
final class LeaseKeepAliveHandler: GRPCCallHandler {
    private let context: ServiceContext
    private var isHalfClosed = false
    private var answers: [Int64: LeaseAnswer] = [:]
    private var nextSent: Int64 = 0
    private var nextReceived: Int64 = 0
    /// Renewals that wait for their turn.
    private var waiting: [Renewal] = []
    private var tasks: [Int64: Task<Void, Never>] = [:]

    private struct Renewal: Sendable {
        let number: Int64
        let id: Int64
        let header: ResponseHeader
    }

    /// Renewals by tasks at a time.
    private static let tasksMax = 16
    /// Renewals that wait; beyond that the client has to wait as well.
    private static let waitingMax = 1024

    init(context: ServiceContext) { self.context = context }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? LeaseKeepAliveRequest(decoding: message) else {
            return call.finish(.undecodable)
        }
        // Taken before, so that a renewal is never told at a revision after the lease's end.
        let renewal = Renewal(number: nextReceived, id: request.id, header: context.header())
        nextReceived += 1
        context.port(call).renew(LeaseID(rawValue: request.id)) { [self] seconds in
            if let seconds { finish(renewal, seconds, call) } else { take(renewal, call) }
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
        waiting.removeAll()
        context.meter.streamClosed("lease-keepalive", reason)
    }

    /// Has a lease renewed wherever it can be, once it is its turn.
    private func take(_ renewal: Renewal, _ call: GRPCServerCall) {
        guard !call.isClosed else { return }
        guard tasks.count < Self.tasksMax else {
            waiting.append(renewal)
            if waiting.count == Self.waitingMax { call.pauseReceiving() }
            return
        }
        let context = self.context
        let box = NIOLoopBound(self, eventLoop: call.eventLoop)
        tasks[renewal.number] = Task { @Sendable in
            let result = await context.leases.renewed(renewal.id)
            call.eventLoop.execute {
                call.loop.performBatch { box.value.taken(renewal, result, call) }
            }
        }
    }

    private func taken(
        _ renewal: Renewal, _ result: Result<Int64, EtcdError>, _ call: GRPCServerCall
    ) {
        tasks[renewal.number] = nil
        guard !call.isClosed else { return }
        switch result {
        case .success(let seconds): finish(renewal, seconds, call)
        case .failure(let error): return call.fail(error)
        }
        guard !waiting.isEmpty else { return }
        if waiting.count == Self.waitingMax { call.resumeReceiving() }
        take(waiting.removeFirst(), call)
    }

    private func finish(_ renewal: Renewal, _ seconds: Int64, _ call: GRPCServerCall) {
        if seconds > 0 { context.meter.leasesRenewed.increment() }
        answers[renewal.number] = LeaseAnswer(
            header: renewal.header, id: renewal.id, ttlSeconds: seconds)
        sendReady(call)
    }

    private func sendReady(_ call: GRPCServerCall) {
        while let answer = answers.removeValue(forKey: nextSent) {
            nextSent += 1
            call.send(answer)
        }
        if isHalfClosed, nextSent == nextReceived { call.finish() }
    }
}
