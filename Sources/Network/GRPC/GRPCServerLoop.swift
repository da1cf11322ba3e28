package import ConnectionIdentity
internal import Gzip
package import HTTP2
internal import MonotonicClock
package import NIOCore

/// The server's state on one event loop: connections, counters and callbacks.
final class GRPCServerLoop: @unchecked Sendable {  // owned by loop.eventLoop's thread
    let loop: HTTP2Loop
    let table: GRPCMethodTable
    let configuration: GRPCServerConfiguration
    let keptNames: GRPCMetadataNames
    /// Unary calls that take at least this long are reported.
    let slowCallTime: TimeSpan
    var counters: [GRPCMethodCounters]
    var connections: [GRPCServerConnection] = []
    private var isDraining = false
    private var drained: EventLoopPromise<Void>?
    private lazy var compressor = GzipCompressor()
    private lazy var inflater = GzipInflater()

    /// Each event loop has its own method table, so that reference counts are not shared between
    /// cores.
    init(loop: HTTP2Loop, methods: [GRPCMethod], configuration: GRPCServerConfiguration) {
        self.loop = loop
        table = GRPCMethodTable(methods)
        self.configuration = configuration
        keptNames = GRPCMetadataNames(configuration.metadataNames)
        slowCallTime =
            configuration.onSlowCall == nil ? .max : configuration.slowCallTime ?? .max
        counters = Array(repeating: GRPCMethodCounters(), count: methods.count)
        loop.onReadTickComplete = configuration.onReadTickComplete
    }

    func add(_ connection: GRPCServerConnection) {
        connection.index = connections.count
        connections.append(connection)
        if isDraining { connection.transport?.drain() }
    }

    func remove(_ connection: GRPCServerConnection) {
        connections.swapAt(connection.index, connections.count - 1)
        connections[connection.index].index = connection.index
        connections.removeLast()
        if connections.isEmpty { drained?.succeed() }
    }

    func countSent(_ method: Int, messages: Int, bytes: Int) {
        counters[method].messagesSent += messages
        counters[method].bytesSent += bytes
    }

    func countReceived(_ method: Int, bytes: Int) {
        counters[method].messagesReceived += 1
        counters[method].bytesReceived += bytes
    }

    /// Decompresses a message; the errors are grpc-go's.
    func inflated(_ message: [UInt8]) throws(GRPCStatus) -> [UInt8] {
        let limit = configuration.receiveBytesMax
        do throws(GzipError) {
            guard let inflater else { throw .body("out of memory") }
            return try inflater.inflated(message, bytesMax: limit)
        } catch {
            throw Self.status(of: error, limit)
        }
    }

    private static func status(of error: GzipError, _ limit: Int) -> GRPCStatus {
        switch error {
        case .header(let reason):
            GRPCStatus(.internal, "grpc: failed to decompress the message: \(reason)")
        case .body(let reason):
            GRPCStatus(.internal, "grpc: failed to read decompressed data: \(reason)")
        case .tooLarge:
            GRPCStatus(
                .resourceExhausted,
                "grpc: received message after decompression larger than max \(limit)")
        }
    }

    /// Compresses a message; nil when out of memory.
    func compressed(_ message: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let compressor else { return nil }
        var output: [UInt8] = []
        compressor.compress(message, into: &output)
        return output
    }

    /// A handler received something: `onReadTickComplete` runs once at the end of this event loop
    /// tick.
    func scheduleReadTickCompletion() { loop.scheduleReadTickCompletion() }

    func drain() -> EventLoopFuture<Void> {
        isDraining = true
        if connections.isEmpty { return loop.eventLoop.makeSucceededVoidFuture() }
        let promise = drained ?? loop.eventLoop.makePromise()
        drained = promise
        for connection in connections { connection.transport?.drain() }
        return promise.futureResult
    }

    func closeAll() {
        for connection in connections { connection.transport?.close() }
    }
}

/// One client connection of the server.
package final class GRPCServerConnection: HTTP2ConnectionDelegate {
    let state: GRPCServerLoop
    /// Nil for a call of this process.
    let transport: HTTP2Connection?
    /// Receives the responses of a call of this process.
    let receiver: (any GRPCCallReceiver)?
    /// Who is on the other side.
    package let identity: ConnectionIdentity
    /// The requests that are not calls; nil if they are refused.
    let requests: GRPCServerRequests?
    var index = 0

    init(
        state: GRPCServerLoop, identity: ConnectionIdentity,
        requests: (any HTTP2RequestHandler)?
    ) {
        self.state = state
        self.identity = identity
        self.requests = requests.map(GRPCServerRequests.init)
        var http2 = state.configuration.http2
        // A port that serves HTTP too is read by Go's HTTP server in etcd, if it is encrypted: that
        // permits any pings.
        if identity.isEncrypted, requests != nil {
            http2.keepalive.peerPingIntervalMin = nil
        }
        let transport = HTTP2Connection(
            role: .server, configuration: http2, loop: state.loop)
        self.transport = transport
        receiver = nil
        transport.delegate = self
        state.add(self)
    }

    /// The connection of calls within this process: it has no socket, identifies no caller, and is
    /// not counted.
    init(state: GRPCServerLoop, receiver: any GRPCCallReceiver) {
        self.state = state
        self.receiver = receiver
        identity = .plaintext
        requests = nil
        transport = nil
    }

    /// The connection's channel, until it is closed.
    package var channel: (any Channel)? { transport?.channel }

    package func connection(_ connection: HTTP2Connection, opened stream: HTTP2Stream) {
        requests?.beginHead()
        stream.delegate = GRPCServerCall(connection: self, stream: stream)
    }

    package func connectionClosed(_ connection: HTTP2Connection) {
        state.remove(self)
    }

    package func connectionGoingAway(_ connection: HTTP2Connection) {}
}
