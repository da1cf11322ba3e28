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
        let opened = (0..<count).map { number in
            let endpoint = options.endpoint(of: first + number * step)
            return GRPCClientConnection.connect(
                host: endpoint.host, port: endpoint.port, on: eventLoop, loop: loop,
                tls: options.tls)
        }
        return EventLoopFuture.whenAllSucceed(opened, on: eventLoop)
    }
}
