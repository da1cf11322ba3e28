internal import GRPC
internal import HTTP2
internal import NIOCore
internal import TLS

/// Connections of one event loop.
enum ConnectionGroup {
    /// Opens connections number `first`, `first + step` and so on. Called on the event loop.
    static func open(
        _ options: LoadOptions, count: Int, first: Int = 0, step: Int = 1,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[GRPCClientConnection]> {
        let loop = HTTP2Loop(eventLoop: eventLoop)
        return open(0..<count, [], on: loop) { number in
            let endpoint = options.endpoint(of: first + number * step)
            return GRPCClientConnection.connect(
                host: endpoint.host, port: endpoint.port, on: eventLoop, loop: loop,
                configuration: options.connection, tls: options.tls)
        }
    }

    /// Opens a few connections at a time, so that none waits long for its handshake.
    private static func open(
        _ numbers: Range<Int>, _ opened: [GRPCClientConnection], on loop: HTTP2Loop,
        _ connect: @escaping @Sendable (Int) -> EventLoopFuture<GRPCClientConnection>
    ) -> EventLoopFuture<[GRPCClientConnection]> {
        guard !numbers.isEmpty else { return loop.eventLoop.makeSucceededFuture(opened) }
        let batch = numbers.prefix(concurrentMax)
        return EventLoopFuture.whenAllSucceed(batch.map(connect), on: loop.eventLoop).flatMap {
            open(numbers.dropFirst(batch.count), opened + $0, on: loop, connect)
        }
    }

    private static let concurrentMax = 100
}
