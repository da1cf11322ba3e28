internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import MonotonicClock
internal import NIOCore

/// The receiver of a watcher group's events; the owner of the group.
protocol WatcherGroupListener: AnyObject {
    /// The value of an event, and when it arrived.
    func eventArrived(_ value: UnsafeRawBufferPointer, at now: MonotonicTime)
    /// A message is decoded completely; not called before all watchers are created.
    func messageArrived(bytes: Int, at now: MonotonicTime)
    /// Watchers could not be created or were lost; called once.
    func watchersFailed(_ text: String)
}

/// Watchers that are distributed over the watch streams of some connections.
///
/// Used on the event loop of the connections.
final class WatcherGroup: GRPCClientCallHandler {
    static let path = "/etcdserverpb.Watch/Watch"

    // A retain cycle with the listener: calls may end after the run has finished.
    private let listener: any WatcherGroupListener
    private let count: Int
    private var createdCount = 0
    private var isFailed = false
    private let created: EventLoopPromise<Void>

    /// A group of `count` watchers.
    init(count: Int, on eventLoop: any EventLoop, listener: any WatcherGroupListener) {
        self.count = count
        self.listener = listener
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
        let now = MonotonicTime(.now())
        do throws(WireError) {
            let delivery = try WatchDelivery(message) { listener.eventArrived($0, at: now) }
            if delivery.isCanceled { return fail("a watcher was canceled") }
            if delivery.isCreated { countCreated() }
        } catch {
            return fail("watch response: \(error)")
        }
        if createdCount == count { listener.messageArrived(bytes: message.count, at: now) }
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
        listener.watchersFailed(text)
    }
}
