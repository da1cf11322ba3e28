import EtcdClient
import GRPC
import MonotonicClock
import NIOCore
import StatusCodes

/// A unary call to a member.
struct UpstreamRequest {
    let path: String
    var message: [UInt8]
    let identity: CallerIdentity
    /// By the clock of the event loop; nil: none.
    var deadline: MonotonicTime?
    var repetition = Repetition.never
    /// The slot that is only taken if there is no other.
    var avoidedSlot: Int?

    /// What happens while no member can be reached, and when a connection is lost.
    enum Repetition {
        /// The call fails at once.
        case never
        /// It waits for a connection, and is repeated if it was certainly not executed.
        case ifUnprocessed
        /// It is also repeated if it may have been executed: it changes nothing.
        case always
    }
}

/// A unary call to a member, repeated as its request permits until its deadline.
final class UpstreamCall: @unchecked Sendable {  // used on the proxy's event loop only
    typealias Completion = (Result<[UInt8], GRPCStatus>) -> Void

    private let upstream: Upstream
    private let request: UpstreamRequest
    private var completion: Completion?
    private var call: GRPCClientCall?
    /// The slot of the last attempt.
    private(set) var slot: Int?
    private var repetitions = 0
    private var isAbandoned = false

    private static let pauseMin = TimeAmount.milliseconds(20)
    private static let pauseMax = TimeAmount.seconds(1)

    private init(
        _ upstream: Upstream, _ request: UpstreamRequest, _ completion: @escaping Completion
    ) {
        self.upstream = upstream
        self.request = request
        self.completion = completion
        slot = request.avoidedSlot
    }

    /// Starts a call. `completion` is called once, unless the call is cancelled.
    @discardableResult
    static func start(
        _ request: UpstreamRequest, on upstream: Upstream, _ completion: @escaping Completion
    ) -> UpstreamCall {
        let call = UpstreamCall(upstream, request, completion)
        if request.message.count > upstream.sendBytesMax {
            let text =
                "trying to send message larger than max (\(request.message.count) vs. "
                + "\(upstream.sendBytesMax))"
            call.complete(.failure(GRPCStatus(.resourceExhausted, text)))
        } else {
            call.attempt()
        }
        return call
    }

    /// Ends the call without its completion.
    func cancel() {
        completion = nil
        call?.cancel()
        call = nil
    }

    /// Makes no further attempt. The completion is still called if one is under way, since it may be
    /// executed.
    func abandon() {
        if call == nil { cancel() } else { isAbandoned = true }
    }

    private func attempt() {
        guard completion != nil else { return }
        guard request.repetition != .never else {
            return upstream.connection(avoiding: slot) { self.begin($0) }
        }
        upstream.wait(avoiding: slot) { self.begin($0) }
    }

    private func begin(_ connection: Result<RelayConnection, GRPCStatus>) {
        guard completion != nil else { return }
        switch connection {
        case .success(let connection): send(on: connection)
        case .failure(let status):
            // The client of a proxy that ends is closed: that is final.
            guard request.repetition != .never, status.code != .canceled else {
                return complete(.failure(status))
            }
            // The next dial comes after a pause of its own.
            attempt()
        }
    }

    private func send(on relay: RelayConnection) {
        let started = GRPCClientConnection.now()
        let timeout = request.deadline.map { $0 - relay.connection.loop.now }
        if let timeout, timeout <= .zero { return complete(.failure(.deadlineExceeded)) }
        slot = relay.slot
        call = relay.connection.openUnary(
            request.path, request.message, request.identity.metadata, timeout
        ) { result in
            self.call = nil
            guard self.completion != nil else { return }
            switch result {
            case .success(let message):
                self.upstream.client.relayServed(relay)
                self.complete(.success(message))
            case .failure(let failure): self.failed(failure, relay, started)
            }
        }
    }

    private func failed(
        _ failure: GRPCCallFailure, _ relay: RelayConnection, _ started: MonotonicTime
    ) {
        // A call without repetition may block as long as its client wants: its deadline says
        // nothing about the endpoint.
        if request.repetition != .never {
            upstream.client.relayFailed(failure.status, on: relay, since: started)
        }
        let isLost = failure.status.code == .unavailable
        let mayRepeat =
            switch request.repetition {
            case .never: failure.isUnprocessed && repetitions == 0
            case .ifUnprocessed: failure.isUnprocessed
            case .always: isLost && !failure.status.isNoLeader(request.identity)
            }
        guard isLost, mayRepeat, !isAbandoned else { return complete(.failure(failure.status)) }
        let pause = min(Self.pauseMin * (1 << min(repetitions, 8)), Self.pauseMax)
        repetitions += 1
        upstream.eventLoop.scheduleTask(in: pause) { self.attempt() }
    }

    private func complete(_ result: Result<[UInt8], GRPCStatus>) {
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }
}

extension GRPCStatus {
    /// Whether this is `no leader`, for a caller that requires a leader: such a call is not repeated.
    func isNoLeader(_ identity: CallerIdentity) -> Bool {
        identity.requiresLeader && message == "etcdserver: no leader"
    }
}
