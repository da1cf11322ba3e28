internal import GRPC
internal import MonotonicClock
internal import NIOCore

/// Idle connections and watchers, to measure what they cost a server.
final class HoldRun: @unchecked Sendable {  // used on eventLoop only
    private let eventLoop: any EventLoop
    private let options: LoadOptions
    private lazy var watchers = WatcherGroup(
        count: options.watchers, on: eventLoop, listener: self)
    private var connections: [GRPCClientConnection] = []
    private var failure: String?

    init(options: LoadOptions, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.options = options
    }

    /// Opens the connections and waits until every watcher is created. From any thread.
    func connect() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit {
            ConnectionGroup.open(
                self.options, count: self.options.connections, on: self.eventLoop
            ).flatMap { connections in
                self.connections = connections
                return self.watchers.create(on: connections, options: self.options) { number in
                    number % self.options.keyCount
                }
            }
        }
    }

    /// The result, with an error if a watcher or connection was lost. From any thread.
    func end() -> EventLoopFuture<LoadResult> {
        eventLoop.submit {
            var result = LoadResult()
            let lost = self.connections.contains { !$0.isUsable }
            if let text = self.failure ?? (lost ? "a connection was lost" : nil) {
                result.fail(text)
            }
            return result
        }
    }
}

extension HoldRun: WatcherGroupListener {
    func eventArrived(_ value: UnsafeRawBufferPointer, at now: MonotonicTime) {}
    func messageArrived(bytes: Int, at now: MonotonicTime) {}
    func watchersFailed(_ text: String) { failure = text }
}
