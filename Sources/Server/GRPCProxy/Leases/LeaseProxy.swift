import EtcdAPI
import GRPC
import MonotonicClock
import NIOCore

/// The keepalives of leases: clients that renew the same lease at the same time share one renewal.
///
/// A request joins a renewal that is under way; its response also serves the requests of the next
/// tenth of a second, so that the time to live that a client gets is never older than that. A lease
/// that does not exist is asked for again by each request, and a lease that is granted or revoked
/// through the proxy separates the requests before and after it.
final class LeaseProxy: @unchecked Sendable {  // used on the proxy's event loop only
    typealias Completion = (Result<[UInt8], GRPCStatus>) -> Void

    private struct Key: Hashable {
        let token: String?
        let lease: Int64
        /// Changes of leases before the renewal.
        let changes: UInt64
    }

    private enum Renewal {
        case underWay([Completion])
        /// Serves further requests until it is removed.
        case fresh([UInt8])
    }

    private let upstream: Upstream
    private let namespace: Namespace
    private var renewals: [Key: Renewal] = [:]
    private var changes: UInt64 = 0

    /// How long a response serves further requests.
    private static let shareTime = TimeAmount.milliseconds(100)
    private static let keepAlivePath = "/etcdserverpb.Lease/LeaseKeepAlive"

    init(upstream: Upstream, namespace: Namespace) {
        self.upstream = upstream
        self.namespace = namespace
    }

    var methods: [GRPCMethod] {
        [
            GRPCMethod(path: "/etcdserverpb.Lease/LeaseTimeToLive") { call, message in
                call.relay(message, to: self.upstream, .always) { response in
                    guard let response = call.without(self.namespace, response, .leaseTimeToLive)
                    else { return }
                    call.respond(response)
                }
            },
            GRPCMethod(path: Self.keepAlivePath, kind: .bidirectional) { call in
                LeaseStreamHandler(self, CallerIdentity(call))
            },
        ]
    }

    /// Renews a lease. `completion` is called once.
    func renew(_ lease: Int64, _ identity: CallerIdentity, _ completion: @escaping Completion) {
        let key = Key(token: identity.token, lease: lease, changes: changes)
        switch renewals[key] {
        case .fresh(let response): completion(.success(response))
        case .underWay(let waiting):
            renewals[key] = .underWay(waiting + [completion])
        case nil:
            renewals[key] = .underWay([completion])
            send(key, identity)
        }
    }

    private func send(_ key: Key, _ identity: CallerIdentity) {
        let request = UpstreamRequest(
            path: Self.keepAlivePath, message: LeaseKeepAliveRequest(id: key.lease).encoded(),
            identity: CallerIdentity(token: identity.token),
            deadline: GRPCClientConnection.now() + Self.timeout, repetition: .always)
        UpstreamCall.start(request, on: upstream) { self.completed(key, $0) }
    }

    /// A lease that could not be renewed for so long is lost or will be renewed by the next request.
    private static let timeout = TimeSpan.seconds(60)

    private func completed(_ key: Key, _ result: Result<[UInt8], GRPCStatus>) {
        guard case .underWay(let waiting) = renewals[key] else { return }
        renewals[key] = nil
        if case .success(let response) = result, Self.isAlive(response) {
            renewals[key] = .fresh(response)
            upstream.eventLoop.scheduleTask(in: Self.shareTime) { self.renewals[key] = nil }
        }
        for completion in waiting { completion(result) }
    }

    /// A lease was granted or revoked.
    func leasesChanged() { changes += 1 }

    /// Whether a response has a time to live.
    private static func isAlive(_ response: [UInt8]) -> Bool {
        var fields = WireFields(response[...])
        while let field = try? fields.next() {
            if field.number == 3, let ttl = field.varint { return Int64(bitPattern: ttl) > 0 }
        }
        return false
    }
}

/// A keepalive stream of a client. Responses come in the order of the requests.
private final class LeaseStreamHandler: GRPCCallHandler {
    private let leases: LeaseProxy
    private let identity: CallerIdentity
    /// Responses that wait for those of earlier requests, by the number of their request.
    private var completed: [Int: [UInt8]] = [:]
    private var receivedCount = 0
    private var sentCount = 0
    private var isPaused = false
    private var isHalfClosed = false

    /// Requests without response above which no further ones are read.
    private static let waitingMax = 1_000

    init(_ leases: LeaseProxy, _ identity: CallerIdentity) {
        self.leases = leases
        self.identity = identity
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = call.decodedMessage(message, LeaseKeepAliveRequest.init(decoding:))
        else { return }
        let number = receivedCount
        receivedCount += 1
        if receivedCount - sentCount >= Self.waitingMax, !isPaused {
            isPaused = true
            call.pauseReceiving()
        }
        leases.renew(request.id, identity) { self.respond(number, $0, on: call) }
    }

    private func respond(
        _ number: Int, _ result: Result<[UInt8], GRPCStatus>, on call: GRPCServerCall
    ) {
        guard !call.isClosed else { return }
        switch result {
        case .success(let response): completed[number] = response
        case .failure(let status): return call.finish(status)
        }
        while let response = completed.removeValue(forKey: sentCount) {
            call.send(response)
            sentCount += 1
        }
        guard sentCount == receivedCount else { return }
        if isHalfClosed { return call.finish() }
        if isPaused {
            isPaused = false
            call.resumeReceiving()
        }
    }

    func receiveHalfClose(on call: GRPCServerCall) {
        isHalfClosed = true
        if sentCount == receivedCount { call.finish() }
    }

    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}
