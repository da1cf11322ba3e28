package import HTTP2
package import MonotonicClock
package import NIOCore

/// The limits of a gRPC client.
package struct GRPCClientConfiguration: Sendable {
    /// Maximum response size in bytes.
    package var receiveBytesMax = Int(Int32.max)
    /// Windows, limits and keepalive of the connection.
    package var http2 = HTTP2Configuration()
    /// The `:authority` of requests; nil takes the address connected to.
    package var authority: String?
    /// The `:scheme` of requests: `https` behind TLS.
    package var scheme = "http"
    package var userAgent = "swift-etcd"
    /// Metadata of every call.
    package var metadata: [(name: String, value: String)] = []

    package init() {}
}

/// One client connection to a gRPC server: many calls over one HTTP/2 connection.
///
/// Used on its event loop; functions that return futures may be called on any thread. It does not
/// reconnect: after a connection loss or GOAWAY the owner creates a new connection.
package final class GRPCClientConnection: @unchecked Sendable {  // used on its event loop
    package let eventLoop: any EventLoop
    package let configuration: GRPCClientConfiguration
    /// Shared state of the event loop; `performBatch` sends many calls with one flush.
    package let loop: HTTP2Loop
    /// Succeeds when the connection is closed.
    package let closeFuture: EventLoopFuture<Void>
    /// Called once, on the event loop, when no more calls can be made on this connection.
    package var onUnusable: (() -> Void)?
    /// Called on the event loop when the server has sent its SETTINGS.
    package var onSettings: (() -> Void)?

    let transport: HTTP2Connection
    let authority: String
    private var hasReportedUnusable = false
    /// The headers of the last call without metadata and timeout.
    private var plainHeaders: (path: String, fields: [HeaderField], block: HTTP2HeaderBlock)?

    /// Adds a client to `channel`. Call on its event loop; connections of one event loop may share
    /// `loop`.
    package init(
        channel: any Channel, loop: HTTP2Loop, authority: String,
        configuration: GRPCClientConfiguration
    ) throws {
        channel.eventLoop.preconditionInEventLoop()
        self.eventLoop = channel.eventLoop
        self.configuration = configuration
        self.loop = loop
        self.authority = configuration.authority ?? authority
        self.closeFuture = channel.closeFuture
        self.transport = HTTP2Connection(
            role: .client, configuration: configuration.http2, loop: loop)
        transport.delegate = self
        try channel.pipeline.syncOperations.addHandler(transport)
    }

    /// Whether a call can be started now.
    package var isUsable: Bool { transport.isUsable }
    /// Number of open calls.
    package var callCount: Int { transport.streamCount }

    /// Starts a call. Call on the event loop, on which the handler is called.
    ///
    /// A call that cannot be started ends with `unavailable`, in a later tick of the event loop.
    package func openCall(
        path: String, metadata: [(String, String)] = [], timeout: TimeSpan? = nil,
        handler: any GRPCClientCallHandler
    ) -> GRPCClientCall {
        eventLoop.preconditionInEventLoop()
        let call = GRPCClientCall(connection: self, handler: handler)
        call.begin(
            headers: requestHeaders(path, metadata, timeout),
            timeout: timeout)
        return call
    }

    /// Closes when the open calls have ended. Call on the event loop.
    package func closeWhenIdle() {
        guard callCount > 0 else { return transport.close() }
        transport.drain()
    }

    /// Closes if nothing was received since then: the server or the network has stopped.
    package func close(ifSilentSince time: MonotonicTime) {
        eventLoop.execute {
            if self.transport.lastReadAt < time { self.transport.close() }
        }
    }

    /// The time of its event loop.
    package static func now() -> MonotonicTime { MonotonicTime(.now()) }

    /// Closes immediately; open calls end with `unavailable`.
    package func close() -> EventLoopFuture<Void> {
        eventLoop.execute { self.transport.close() }
        return closeFuture
    }

    /// The header block of a call, reused for consecutive calls with equal headers.
    private func requestHeaders(
        _ path: String, _ metadata: [(String, String)], _ timeout: TimeSpan?
    ) -> HTTP2HeaderBlock {
        let plain = plainHeaders(path)
        guard !metadata.isEmpty || timeout != nil else { return plain.block }
        var fields = plain.fields
        fields.reserveCapacity(fields.count + metadata.count + 1)
        if let timeout { fields.append((Self.timeoutName, GRPCTimeout.format(timeout))) }
        for (name, value) in metadata { fields.append((Array(name.utf8), Array(value.utf8))) }
        return HTTP2HeaderBlock(fields)
    }

    private func plainHeaders(
        _ path: String
    ) -> (path: String, fields: [HeaderField], block: HTTP2HeaderBlock) {
        if let plainHeaders, plainHeaders.path == path { return plainHeaders }
        var fields = Self.fixedHeaders
        fields[1].value = Array(configuration.scheme.utf8)
        fields[2].value = Array(path.utf8)
        fields[3].value = Array(authority.utf8)
        fields[6].value = Array(configuration.userAgent.utf8)
        for (name, value) in configuration.metadata {
            fields.append((Array(name.utf8), Array(value.utf8)))
        }
        let made = (path: path, fields: fields, block: HTTP2HeaderBlock(fields))
        plainHeaders = made
        return made
    }

    private typealias HeaderField = (name: [UInt8], value: [UInt8])
    private static let timeoutName = Array("grpc-timeout".utf8)
    private static let fixedHeaders: [HeaderField] = [
        (":method", "POST"), (":scheme", ""), (":path", ""), (":authority", ""),
        ("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", ""),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }
}

extension GRPCClientConnection: HTTP2ConnectionDelegate {
    package func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream) {
        stream.reset(.refusedStream)
    }

    package func connectionClosed(_ connection: HTTP2Connection) { reportUnusable() }
    package func connectionGoingAway(_ connection: HTTP2Connection) { reportUnusable() }

    package func connectionReceivedSettings(_ connection: HTTP2Connection) {
        onSettings?()
        onSettings = nil
    }

    private func reportUnusable() {
        guard !hasReportedUnusable else { return }
        hasReportedUnusable = true
        onUnusable?()
        onUnusable = nil
    }
}
