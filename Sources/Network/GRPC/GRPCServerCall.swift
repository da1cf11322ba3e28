package import ConnectionIdentity
package import HTTP2
package import MonotonicClock
package import NIOCore

/// A server call, from its first header to its end.
///
/// Only used on its event loop; other threads send responses with one `eventLoop.execute` for many
/// calls (see `HTTP2Loop.performBatch`). A call that has ended ignores further sends.
///
/// Invariant: once `isClosed`, no handler is called and nothing is sent any more; the end is
/// reported exactly once.
package final class GRPCServerCall: @unchecked Sendable {  // used on its event loop only
    /// The connection of the call.
    package let connection: GRPCServerConnection
    /// The metadata of the request with the names that the server keeps, the first value of each.
    package internal(set) var metadata = GRPCMetadata()
    /// The deadline, by the event loop's clock.
    package internal(set) var deadline: MonotonicTime?
    /// Unary calls: called when the call ends without a response.
    package var onClosed: ((GRPCCloseReason) -> Void)?
    /// Receives each message that is sent as an array.
    var onSend: (([UInt8]) -> Void)?
    /// A number about the response for the log of slow calls; its meaning depends on the method.
    package var responseLogValue: Int64?
    /// Whether the call has ended: finished, cancelled, timed out or lost.
    package internal(set) var isClosed = false
    /// Made by the server's `observeCall`.
    package internal(set) var observer: (any GRPCCallObserver)?

    var stream: HTTP2Stream?
    var handler: (any GRPCCallHandler)?
    var methodIndex = -1
    var reader = GRPCMessageReader()
    /// Received bytes that are not delivered yet.
    var held: HeldInput?
    /// Pauses of receiving that have not ended.
    var pauses = 0
    var request: [UInt8]?
    var startedAt = MonotonicTime.zero
    /// A small unary request, kept for the log.
    var keptRequest: [UInt8] = []
    /// The log descriptions of a request that is too large to keep, for a `responseLogValue` of 0
    /// and for any other.
    var largeRequest: (zero: GRPCRequestDescription, other: GRPCRequestDescription)?
    var responseBytes = 0
    /// Whether the headers were accepted.
    var isStarted = false
    /// Whether it is counted as started: a unary call is once its message is received.
    var isCounted = false
    /// The method's kind, once the call has started.
    var kind = GRPCMethodKind.unary
    /// Whether the end of the client's messages is counted.
    var hasCountedEnd = false
    /// Whether request and response are compressed with gzip.
    var isGzip = false
    /// The part after `application/grpc+` or `application/grpc;` in the request's content type.
    var contentSubtype = ""
    var headerFields: GRPCHeaderFields = []
    var hasSentHeaders = false
    var hasHeaders = false
    var isTimedOut = false
    var refusal = GRPCRefusal()
    package var timerPosition: TimerWheelPosition?

    /// - Parameter stream: nil for a call of this process.
    init(connection: GRPCServerConnection, stream: HTTP2Stream?) {
        self.connection = connection
        self.stream = stream
    }

    var state: GRPCServerLoop { connection.state }
    var isUnary: Bool { kind == .unary }
}

extension GRPCServerCall {
    /// Shared state of the connections of the event loop.
    package var loop: HTTP2Loop { connection.state.loop }
    package var eventLoop: any EventLoop { connection.state.loop.eventLoop }
    /// The called method.
    package var method: GRPCMethod { state.table.methods[methodIndex] }
    /// Who made the call, as far as its connection shows.
    package var identity: ConnectionIdentity { connection.identity }
    package var peerAddress: SocketAddress? { connection.channel?.remoteAddress }
    /// Unsent message bytes in memory.
    package var bufferedBytes: Int { stream?.bufferedBytes ?? 0 }
    /// False while more than the high watermark is buffered, and after the end; then wait for
    /// `becameWritable`.
    package var isWritable: Bool {
        !isClosed && stream?.isWritable ?? connection.receiver?.isWritable ?? false
    }
}
