internal import EtcdAPI
internal import GRPC
internal import NIOCore

/// Watchers that are spread over the watch streams of some connections.
///
/// Used on the event loop of the connections. After a failure nothing more is heard of it.
final class WatcherGroup: GRPCClientCallHandler {
    static let path = "/etcdserverpb.Watch/Watch"

    /// Called with the value of each event.
    var eachValue: (UnsafeRawBufferPointer) -> Void = { _ in }
    /// Called after each message but those before all watchers are there, with its size in bytes.
    var delivered: (Int) -> Void = { _ in }
    /// Called once, with the reason why watchers are missing.
    var failed: (String) -> Void = { _ in }

    private let count: Int
    private var createdCount = 0
    private var isFailed = false
    private let created: EventLoopPromise<Void>

    /// A group of `count` watchers.
    init(count: Int, on eventLoop: any EventLoop) {
        self.count = count
        created = eventLoop.makePromise()
    }

    /// Creates the watchers; the one with number n watches the key `key(n)`.
    func create(
        on connections: [GRPCClientConnection], options: LoadOptions, key: (Int) -> Int
    ) -> EventLoopFuture<Void> {
        let template = RequestTemplate.watch(options)
        let streamCount = min(connections.count * options.streams, count)
        let calls = (0..<streamCount).map { number in
            connections[number % connections.count].openCall(path: Self.path, handler: self)
        }
        for number in 0..<count {
            calls[number % streamCount].send(template.request(key: key(number)))
        }
        return created.futureResult
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        do throws(WireError) {
            let delivery = try WatchDelivery(message, eachValue: eachValue)
            if delivery.isCanceled { return fail("a watcher was canceled") }
            if delivery.isCreated { countCreated() }
        } catch {
            return fail("watch answer: \(error)")
        }
        if createdCount == count { delivered(message.count) }
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        fail("watch stream: \(status)")
    }

    private func countCreated() {
        createdCount += 1
        if createdCount == count { created.succeed(()) }
    }

    private func fail(_ text: String) {
        guard !isFailed else { return }
        isFailed = true
        created.fail(OptionError(description: text))
        failed(text)
    }
}
