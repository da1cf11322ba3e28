package import HTTP2
package import NIOCore

/// The limits of a gRPC client.
package struct GRPCClientConfiguration: Sendable {
    /// The largest answer, in bytes.
    package var maxReceiveBytes = Int(Int32.max)
    /// Windows, limits and keepalive of the connection.
    package var http2 = HTTP2Configuration()
    /// The `:authority` of requests; nil takes the address connected to.
    package var authority: String?
    /// The `:scheme` of requests: `https` behind TLS.
    package var scheme = "http"
    package var userAgent = "swift-etcd"

    package init() {}
}

/// One client connection to a gRPC server: many calls over one HTTP/2 connection.
///
/// Used on its event loop; the functions that give futures may be called from anywhere. A
/// connection that is lost or told to go away stays so: making another is its owner's matter.
package final class GRPCClientConnection: @unchecked Sendable {  // used on its event loop
    package let eventLoop: any EventLoop
    package let configuration: GRPCClientConfiguration
    /// What the calls of this connection use of its loop; `performBatch` sends many at once.
    package let loop: HTTP2Loop
    /// Succeeds when the connection is closed.
    package let closeFuture: EventLoopFuture<Void>
    /// Told once, on the event loop, when no more calls can be made on this connection.
    package var onUnusable: (() -> Void)?

    let transport: HTTP2Connection
    let authority: String
    private var hasReportedUnusable = false
    /// The headers of the last call that had a path and nothing else of its own.
    private var plainHeaders: (path: String, block: HTTP2HeaderBlock)?

    /// Puts a client on `channel`. Call on its loop; `loop` may be given to other connections of
    /// the same event loop too.
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

    /// Whether a call may be begun now.
    package var isUsable: Bool { transport.isUsable }
    /// Calls open now.
    package var callCount: Int { transport.streamCount }

    /// Begins a call; its handler hears of it on the event loop. Call on the loop.
    ///
    /// A call that cannot be begun ends with `unavailable`, in a later turn of the loop.
    package func openCall(
        path: String, metadata: [(String, String)] = [], timeoutMilliseconds: Int64? = nil,
        handler: any GRPCClientCallHandler
    ) -> GRPCClientCall {
        eventLoop.preconditionInEventLoop()
        let call = GRPCClientCall(connection: self, handler: handler)
        call.begin(
            headers: requestHeaders(path, metadata, timeoutMilliseconds),
            timeoutMilliseconds: timeoutMilliseconds)
        return call
    }

    /// Closes at once; open calls end with `unavailable`.
    package func close() -> EventLoopFuture<Void> {
        eventLoop.execute { self.transport.close() }
        return closeFuture
    }

    /// Made once for calls that follow each other and differ in nothing.
    private func requestHeaders(
        _ path: String, _ metadata: [(String, String)], _ timeoutMilliseconds: Int64?
    ) -> HTTP2HeaderBlock {
        guard metadata.isEmpty, timeoutMilliseconds == nil else {
            return makeHeaders(path, metadata, timeoutMilliseconds)
        }
        if let plainHeaders, plainHeaders.path == path { return plainHeaders.block }
        let block = makeHeaders(path, [], nil)
        plainHeaders = (path, block)
        return block
    }

    private func makeHeaders(
        _ path: String, _ metadata: [(String, String)], _ timeoutMilliseconds: Int64?
    ) -> HTTP2HeaderBlock {
        var fields: [(name: [UInt8], value: [UInt8])] = Self.fixedHeaders
        fields[1].value = Array(configuration.scheme.utf8)
        fields[2].value = Array(path.utf8)
        fields[3].value = Array(authority.utf8)
        fields[6].value = Array(configuration.userAgent.utf8)
        if let timeoutMilliseconds {
            fields.append(
                (Self.timeoutName, GRPCTimeout.format(milliseconds: timeoutMilliseconds)))
        }
        for (name, value) in metadata { fields.append((Array(name.utf8), Array(value.utf8))) }
        return HTTP2HeaderBlock(fields)
    }

    private static let timeoutName = Array("grpc-timeout".utf8)
    private static let fixedHeaders: [(name: [UInt8], value: [UInt8])] = [
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

    private func reportUnusable() {
        guard !hasReportedUnusable else { return }
        hasReportedUnusable = true
        onUnusable?()
        onUnusable = nil
    }
}
