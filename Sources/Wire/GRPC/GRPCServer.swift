package import HTTP2
package import NIOCore

/// The limits and hooks of a gRPC server.
package struct GRPCServerConfiguration: Sendable {
    /// The largest request, in bytes; etcd allows 2,097,152 by default.
    package var maxReceiveBytes = 4 << 20
    /// Windows, limits and keepalive of the connections.
    package var http2: HTTP2Configuration
    /// Called on a loop after it has read from all its ready connections, if calls or messages
    /// came: the place to hand them on as one batch. Answers given in it leave in one flush.
    package var onReadTurnComplete: (@Sendable (HTTP2Loop) -> Void)?
    /// Whether the time each call took is counted in buckets (etcd's extensive metrics).
    package var recordsHandlingTime = false
    /// Unary calls that take at least this long are told of; nil tells of none.
    package var slowCallMilliseconds: Int64?
    package var onSlowCall: (@Sendable (GRPCSlowCall) -> Void)?
    /// Tells of a slow call's request: its method, its bytes, and the number that the service
    /// noted of its answer, if there was one.
    package var describeRequest:
        (@Sendable (GRPCMethod, [UInt8], Int64?) -> GRPCRequestDescription)?

    /// etcd's defaults: pings closer than 5 s are refused, idle clients are probed each 2 hours.
    package init() {
        http2 = HTTP2Configuration()
        http2.keepalive.minimumPeerIntervalMilliseconds = 5_000
        http2.keepalive.pingIntervalMilliseconds = 2 * 3600 * 1000
    }
}

/// A gRPC server: its methods, and for each event loop the connections it serves there.
///
/// It listens to nothing itself: the owner makes channels on the given loops and calls
/// `addHandlers(to:)` or `addSniffingHandlers(to:http1:)` in the child initializer.
package final class GRPCServer: Sendable {
    package let configuration: GRPCServerConfiguration
    private let loops: [GRPCServerLoop]

    /// The methods served, in the order of `collectCounters`.
    package let methods: [GRPCMethod]

    package init(
        methods: [GRPCMethod], configuration: GRPCServerConfiguration, eventLoops: [any EventLoop]
    ) {
        self.configuration = configuration
        self.methods = methods
        self.loops = eventLoops.map {
            GRPCServerLoop(
                loop: HTTP2Loop(eventLoop: $0), methods: methods, configuration: configuration)
        }
    }

    package convenience init(
        methods: [GRPCMethod], configuration: GRPCServerConfiguration,
        group: any EventLoopGroup
    ) {
        self.init(
            methods: methods, configuration: configuration,
            eventLoops: Array(group.makeIterator()))
    }

    /// What the connections of `eventLoop` share; flush and batch answers through it.
    package func loop(for eventLoop: any EventLoop) -> HTTP2Loop {
        state(for: eventLoop).loop
    }

    private func state(for eventLoop: any EventLoop) -> GRPCServerLoop {
        guard let state = loops.first(where: { $0.loop.eventLoop === eventLoop }) else {
            preconditionFailure("channels are made on the event loops the server was given")
        }
        return state
    }
}

extension GRPCServer {
    /// Makes `channel` an HTTP/2 connection with gRPC on it. Call on the channel's loop.
    package func addHandlers(to channel: any Channel) throws {
        let connection = GRPCServerConnection(state: state(for: channel.eventLoop))
        try channel.pipeline.syncOperations.addHandler(connection.transport)
    }

    /// Lets the first bytes decide: HTTP/2 is served as gRPC, anything else is given to the
    /// handlers that `http1` adds. Call on the channel's loop.
    package func addSniffingHandlers(
        to channel: any Channel, http1: @escaping (any Channel) throws -> Void
    ) throws {
        let sniffer = ProtocolSniffer(http2: { try self.addHandlers(to: $0) }, http1: http1)
        try channel.pipeline.syncOperations.addHandler(sniffer)
    }

    /// Tells all clients to go elsewhere, lets open calls end; done when no connection is left.
    package func drain(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        forEachLoop(on: eventLoop) { $0.drain() }
    }

    /// Closes all connections now; their calls end as lost.
    package func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        forEachLoop(on: eventLoop) { state in
            state.closeAll()
            return state.drain()
        }
    }

    /// The counters of all methods, in the order of `methods`, summed over the loops.
    package func collectCounters(
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[GRPCMethodCounters]> {
        let empty = [GRPCMethodCounters](repeating: GRPCMethodCounters(), count: methods.count)
        let parts = loops.map { state in
            state.loop.eventLoop.submit { state.counters }
        }
        return EventLoopFuture.reduce(into: empty, parts, on: eventLoop) { sum, part in
            for index in sum.indices { sum[index].add(part[index]) }
        }
    }

    /// How many connections are open.
    package func connectionCount(on eventLoop: any EventLoop) -> EventLoopFuture<Int> {
        let parts = loops.map { state in
            state.loop.eventLoop.submit { state.connections.count }
        }
        return EventLoopFuture.reduce(0, parts, on: eventLoop, +)
    }

    private func forEachLoop(
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable (GRPCServerLoop) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<Void> {
        let parts = loops.map { state in
            state.loop.eventLoop.flatSubmit { body(state) }
        }
        return EventLoopFuture.andAllSucceed(parts, on: eventLoop)
    }
}
