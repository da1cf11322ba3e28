package import HTTP2
package import NIOCore

/// One call on the server, from its first header to its end.
///
/// Only to be used on its event loop; other threads hand their answers over with one
/// `eventLoop.execute` for many calls (see `HTTP2Loop.performBatch`). A call that is over ignores
/// whatever is still sent to it.
///
/// Invariant: once `isClosed`, no handler is called and nothing is sent any more; the end is
/// reported exactly once.
package final class GRPCServerCall: @unchecked Sendable {  // used on its event loop only
    /// The connection the call came on.
    package let connection: GRPCServerConnection
    /// The metadata of the request; `te`, `user-agent` and gRPC's own fields are left out.
    package internal(set) var metadata = GRPCMetadata()
    /// When the client stops waiting, in milliseconds of the loop's clock.
    package internal(set) var deadlineMilliseconds: Int64?
    /// Unary calls: told when the call ends without its answer having been given.
    package var onClosed: ((GRPCCloseReason) -> Void)?
    /// A number of the answer that logs tell of; its meaning is the method's.
    package var answerNumber: Int64?
    /// Whether the call ended: answered, cancelled, timed out or lost.
    package internal(set) var isClosed = false

    var stream: HTTP2Stream?
    var handler: (any GRPCCallHandler)?
    var methodIndex = -1
    var reader = GRPCMessageReader()
    var request: [UInt8]?
    var startedMilliseconds: Int64 = 0
    /// A unary request, kept for the log as long as it is small.
    var keptRequest: [UInt8] = []
    /// What the log will tell of a request that is too large to keep, for the answer's number 0
    /// and for any other.
    var largeRequest: (zero: GRPCRequestDescription, other: GRPCRequestDescription)?
    var responseBytes = 0
    /// Whether it may have messages: its headers were not refused.
    var isStarted = false
    /// Whether it stands in the counters: a unary call does so once its message is there.
    var isCounted = false
    /// The method's kind, once the call has started.
    var kind = GRPCMethodKind.unary
    /// Whether the end of the client's messages stands in the counters.
    var hasCountedEnd = false
    /// Whether the request is compressed with gzip, and so is the answer.
    var isGzip = false
    /// What stands behind `application/grpc` and a sign in the request's content type.
    var contentSubtype = ""
    var headerFields: GRPCHeaderFields = []
    var hasSentHeaders = false
    var hasHeaders = false
    var isTimedOut = false
    var refusal = GRPCRefusal()
    package var timerPosition: TimerWheelPosition?

    init(connection: GRPCServerConnection, stream: HTTP2Stream) {
        self.connection = connection
        self.stream = stream
    }

    var state: GRPCServerLoop { connection.state }
    var isUnary: Bool { kind == .unary }
}

extension GRPCServerCall {
    /// What the connections of this loop share.
    package var loop: HTTP2Loop { connection.state.loop }
    package var eventLoop: any EventLoop { connection.state.loop.eventLoop }
    /// The method called.
    package var method: GRPCMethod { state.table.methods[methodIndex] }
    package var peerAddress: SocketAddress? { connection.channel?.remoteAddress }
    /// When the client stops waiting.
    package var deadline: NIODeadline? {
        deadlineMilliseconds.map { .uptimeNanoseconds(UInt64($0) * 1_000_000) }
    }
    /// Message bytes in memory that the client has not taken yet.
    package var bufferedBytes: Int { stream?.bufferedBytes ?? 0 }
    /// False while more than the high watermark is buffered: wait for `becameWritable`.
    package var isWritable: Bool { stream?.isWritable ?? false }

    /// Takes no more messages than one window's worth until `resumeReceiving`.
    package func pauseReceiving() { stream?.pauseReceiving() }
    /// Takes messages again.
    package func resumeReceiving() { stream?.resumeReceiving() }
}
