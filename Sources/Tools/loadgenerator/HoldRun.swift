internal import GRPC
internal import NIOCore

/// Connections and watchers that are only there, so that what they cost a server can be seen.
final class HoldRun: @unchecked Sendable {  // used on eventLoop only
    private let eventLoop: any EventLoop
    private let options: LoadOptions
    private let watchers: WatcherGroup
    private var connections: [GRPCClientConnection] = []
    private var failure: String?

    init(options: LoadOptions, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.options = options
        watchers = WatcherGroup(count: options.watchers, on: eventLoop)
    }

    /// Opens the connections and waits until every watcher is created. From any thread.
    func connect() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit {
            ConnectionGroup.open(
                self.options, count: self.options.connections, on: self.eventLoop
            ).flatMap { connections in
                self.connections = connections
                self.watchers.failed = { [unowned self] in failure = $0 }
                return self.watchers.create(on: connections, options: self.options) { number in
                    number % self.options.keyCount
                }
            }
        }
    }

    /// What was held; an error when a watcher got lost meanwhile. From any thread.
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
