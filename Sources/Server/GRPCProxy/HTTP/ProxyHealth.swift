import EtcdAPI
import GRPC
import MonotonicClock
import NIOCore

/// Whether a member serves reads, and the proxy itself reads and watches.
struct ProxyHealth: Sendable {
    let members: Upstream
    /// Through the advertised URL; nil without one.
    let proxy: Upstream?

    private static let readTime = TimeAmount.seconds(1)
    private static let watchTime = TimeAmount.seconds(3)

    /// The reason why no member serves; nil if one does.
    func failureOfMembers() -> EventLoopFuture<String?> { failureOfRead(members) }

    /// The reason why the proxy does not serve; nil if it does.
    func failureOfProxy() -> EventLoopFuture<String?> {
        guard let proxy else {
            return members.eventLoop.makeSucceededFuture("no connection to proxy")
        }
        return failureOfRead(proxy).flatMap { reason in
            reason.map { members.eventLoop.makeSucceededFuture($0) } ?? failureOfWatch(proxy)
        }
    }

    /// A linearizable read of a key that need not exist.
    private func failureOfRead(_ upstream: Upstream) -> EventLoopFuture<String?> {
        let promise = upstream.eventLoop.makePromise(of: String?.self)
        let race = HealthRace(promise)
        upstream.eventLoop.execute {
            let request = UpstreamRequest(
                path: "/etcdserverpb.KV/Range",
                message: RangeRequest(key: Array("a".utf8)[...]).encoded(),
                identity: CallerIdentity(token: nil), repetition: .always)
            let call = UpstreamCall.start(request, on: upstream) { result in
                switch result {
                case .failure(let status) where status.message != EtcdError.permissionDenied.message:
                    race.complete("GET ERROR:\(status.message)")
                case .success, .failure: race.complete(nil)
                }
            }
            upstream.eventLoop.scheduleTask(in: Self.readTime) {
                call.cancel()
                race.complete("GET ERROR:context deadline exceeded")
            }
        }
        return promise.futureResult
    }

    private func failureOfWatch(_ upstream: Upstream) -> EventLoopFuture<String?> {
        let promise = upstream.eventLoop.makePromise(of: String?.self)
        let race = HealthRace(promise)
        upstream.eventLoop.execute {
            let request = WatchCreateRequest(key: Array("a".utf8)[...])
            let stream = UpstreamStream.open(
                "/etcdserverpb.Watch/Watch", WatchRequest.create(request).encoded(),
                CallerIdentity(token: nil), on: upstream, waits: true, isHalfClosed: false,
                handler: FirstResponse { race.complete(nil) }
            ) { race.complete("WATCH \($0.message)") }
            upstream.eventLoop.scheduleTask(in: Self.watchTime) { race.complete("WATCH TIMEOUT") }
            promise.futureResult.whenComplete { _ in stream.cancel() }
        }
        return promise.futureResult
    }
}

/// The first of a response and a timeout counts. Used on the proxy's event loop.
private final class HealthRace: @unchecked Sendable {
    private var promise: EventLoopPromise<String?>?

    init(_ promise: EventLoopPromise<String?>) {
        self.promise = promise
    }

    func complete(_ reason: String?) {
        promise?.succeed(reason)
        promise = nil
    }
}

/// Waits for a response of a stream.
private final class FirstResponse: GRPCClientCallHandler {
    private let received: () -> Void

    init(_ received: @escaping () -> Void) {
        self.received = received
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) { received() }
    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {}
}
