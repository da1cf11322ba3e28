package import ConnectionIdentity
package import HTTP2
package import MonotonicClock
package import NIOCore

/// Limits and callbacks of a gRPC server.
package struct GRPCServerConfiguration: Sendable {
    /// Maximum request size in bytes; 2,097,152 by default in etcd.
    package var receiveBytesMax = 4 << 20
    /// Names of the request metadata (lower case) that the methods read; others are dropped.
    package var metadataNames: [String] = []
    /// Windows, limits and keepalive of the connections.
    package var http2: HTTP2Configuration
    /// Called on an event loop after it has read from all its ready connections, if calls or
    /// messages were received, to submit them as one batch. Responses sent in it are flushed once.
    package var onReadTickComplete: (@Sendable (HTTP2Loop) -> Void)?
    /// Whether the handling time of calls is recorded (etcd's extensive metrics).
    package var recordsHandlingTime = false
    /// Unary calls that take at least this long are reported; nil reports none.
    package var slowCallTime: TimeSpan?
    package var onSlowCall: (@Sendable (GRPCSlowCall) -> Void)?
    /// Called for each call of a known method when its headers are received; nil: it is not observed.
    package var observeCall: (@Sendable (GRPCServerCall) -> (any GRPCCallObserver)?)?
    /// Describes the request of a slow call: parameters are its method, its bytes and the call's
    /// `responseLogValue`.
    package var describeRequest:
        (@Sendable (GRPCMethod, [UInt8], Int64?) -> GRPCRequestDescription)?

    /// etcd's defaults: a minimum ping interval of 5 s, keepalive pings every 2 hours.
    package init() {
        http2 = HTTP2Configuration()
        http2.keepalive.peerPingIntervalMin = .seconds(5)
        http2.keepalive.pingInterval = .seconds(2 * 3600)
    }
}

/// A gRPC server: its methods, and the connections of each event loop.
///
/// It does not listen itself: the owner creates channels on the given event loops and calls
/// `addHandlers(to:identity:requests:)` once it knows that a connection uses HTTP/2.
package final class GRPCServer: Sendable {
    package let configuration: GRPCServerConfiguration
    private let loops: [GRPCServerLoop]
    private let budget: HTTP2MemoryBudget

    /// The methods, in the order of `collectCounters`.
    package let methods: [GRPCMethod]

    package init(
        methods: [GRPCMethod], configuration: GRPCServerConfiguration, eventLoops: [any EventLoop]
    ) {
        self.configuration = configuration
        self.methods = methods
        let budget = HTTP2MemoryBudget(bytesMax: configuration.http2.processBytesMax)
        self.budget = budget
        self.loops = eventLoops.map {
            GRPCServerLoop(
                loop: HTTP2Loop(eventLoop: $0, budget: budget), methods: methods,
                configuration: configuration)
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

    /// The shared state of the connections of `eventLoop`, for batching responses.
    package func loop(for eventLoop: any EventLoop) -> HTTP2Loop {
        state(for: eventLoop).loop
    }

    func state(for eventLoop: any EventLoop) -> GRPCServerLoop {
        guard let state = loops.first(where: { $0.loop.eventLoop === eventLoop }) else {
            preconditionFailure("channels are created on the event loops of the server")
        }
        return state
    }
}

extension GRPCServer {
    /// Adds HTTP/2 and gRPC handlers to `channel`. Call on the channel's event loop.
    ///
    /// - Parameters:
    ///   - identity: who is on the other side.
    ///   - requests: serves the requests that are not gRPC calls; without it they are refused.
    package func addHandlers(
        to channel: any Channel, identity: ConnectionIdentity,
        requests: (any HTTP2RequestHandler)? = nil
    ) throws {
        let connection = GRPCServerConnection(
            state: state(for: channel.eventLoop), identity: identity, requests: requests)
        guard let transport = connection.transport else { return }
        try channel.pipeline.syncOperations.addHandler(transport)
    }

    /// Sends GOAWAY to all clients and lets open calls end; succeeds when no connection is left.
    package func drain(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        forEachLoop(on: eventLoop) { $0.drain() }
    }

    /// Closes all connections immediately; their calls end as lost.
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

    /// Bytes that the connections occupy on behalf of their peers, inexact by some MiB.
    package var occupiedBytes: Int { budget.usedBytes }

    /// The number of open connections.
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
