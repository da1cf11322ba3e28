internal import CNGHTTP2
package import NIOCore

/// Events of a stream for the layer above. Called on the connection's event loop.
///
/// Header fields are passed one by one as borrowed bytes, valid during the call only.
package protocol HTTP2StreamDelegate: AnyObject {
    /// One header field, pseudo-headers included.
    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2FieldResult
    /// A header field that was accepted as repeatable with this effect, on any stream of the
    /// connection. Returning an error code resets the stream.
    func streamReceivedRepeatedHeader(effect: UInt16) -> HTTP2ErrorCode?
    /// A header block is complete; trailers are a second block.
    func streamReceivedHeaders(endOfStream: Bool)
    /// A part of the body.
    func streamReceivedData(_ bytes: UnsafeRawBufferPointer)
    /// The peer has ended its side.
    func streamReceivedEnd()
    /// The queued bytes fell below the low watermark after they had exceeded the high one.
    func streamBecameWritable()
    /// The stream is closed. Nothing is called after this, and the delegate must release the stream
    /// now: the object is reused.
    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool)
}

extension HTTP2StreamDelegate {
    // Without effect for those that accept no field as repeatable.
    package func streamReceivedRepeatedHeader(effect: UInt16) -> HTTP2ErrorCode? { nil }
}

/// What a header field means for its stream.
package enum HTTP2FieldResult {
    case accepted
    /// Accepted, and known by its effect alone: a field with the same name and value need not be
    /// read again. The effect is a number that the delegate gives a meaning.
    case repeatable(effect: UInt16)
    /// The stream is reset.
    case refused(HTTP2ErrorCode)
}

/// One HTTP/2 stream: its outbound queue and the state of both sides.
///
/// Owned by its connection from the first header to the close, then recycled by the loop. Calls
/// between the close and the next use are ignored.
package final class HTTP2Stream {
    package internal(set) var id: Int32 = 0
    /// The receiver of this stream's events.
    package var delegate: (any HTTP2StreamDelegate)?
    /// Whether the peer has ended its side.
    package internal(set) var isRemoteClosed = false

    /// Not retained: a connection outlives its open streams.
    private(set) var unmanagedConnection: Unmanaged<HTTP2Connection>
    var index = 0
    var queue = OutboundQueue()
    var trailers: HTTP2HeaderBlock?
    var isOpen = false
    var isFinished = false
    var isDeferred = false
    var hasSubmittedHeaders = false
    var isAboveHighWatermark = false
    var isReceivingPaused = false
    var unconsumedBytes = 0
    var isServer = false
    /// Whether its headers were refused: it is being reset, further input is ignored.
    var isRefused = false
    var headerListBytes = 0
    /// Header bytes that the layer above keeps.
    var keptHeaderBytes = 0
    /// Request bytes that the layer above keeps.
    package internal(set) var inputBytes = 0

    init(connection: HTTP2Connection) {
        unmanagedConnection = .passUnretained(connection)
    }

    /// Initializes a recycled stream for its next use.
    func open(on connection: HTTP2Connection, id: Int32, isServer: Bool) {
        unmanagedConnection = .passUnretained(connection)
        self.id = id
        self.isServer = isServer
        isOpen = true
        isRemoteClosed = false
        isFinished = false
        isDeferred = false
        hasSubmittedHeaders = false
        isAboveHighWatermark = false
        isReceivingPaused = false
        unconsumedBytes = 0
        headerListBytes = 0
        keptHeaderBytes = 0
        inputBytes = 0
        isRefused = false
    }

    func close() {
        isOpen = false
        delegate = nil
        trailers = nil
        queue.reset()
    }
}

extension HTTP2Stream {
    var connection: HTTP2Connection { unmanagedConnection.takeUnretainedValue() }

    /// The shared state of the connections of the stream's event loop.
    package var loop: HTTP2Loop { connection.loop }

    /// Bytes queued in memory and not yet written to the channel.
    package var bufferedBytes: Int { queue.countBytes }

    /// Whether less than the high watermark is queued.
    package var isWritable: Bool { !isAboveHighWatermark }

    /// Whether the end of this side has been sent.
    package var isLocalClosed: Bool { !isOpen || connection.isLocalClosed(self) }

    /// Server: sends the response headers; body and trailers follow.
    package func submitHeaders(_ block: HTTP2HeaderBlock) {
        guard isOpen, !hasSubmittedHeaders else { return }
        hasSubmittedHeaders = true
        connection.submitResponse(self, block)
    }

    /// Server: sends headers that end the stream, and resets it if the client is still sending.
    package func submitHeadersOnly(_ block: HTTP2HeaderBlock) {
        guard isOpen, !hasSubmittedHeaders else { return }
        hasSubmittedHeaders = true
        isFinished = true
        connection.submitHeadersOnly(self, block)
    }

    /// Queues `count` bytes that `fill` writes into uninitialized memory.
    package func write(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard prepareWrite() else { return }
        queue.append(count: count, fill)
        didWrite(count)
    }

    /// Queues a buffer; a large one is not copied.
    package func write(_ buffer: ByteBuffer) {
        guard prepareWrite() else { return }
        queue.append(buffer)
        didWrite(buffer.readableBytes)
    }

    /// Queues bytes; a large array is not copied.
    package func write(_ bytes: [UInt8]) {
        guard prepareWrite() else { return }
        queue.append(bytes)
        didWrite(bytes.count)
    }

    /// Queues `lengthBytes` bytes that `source` generates on demand.
    package func write(source: any HTTP2BodySource, lengthBytes: Int) {
        guard prepareWrite() else { return }
        queue.append(source: source, lengthBytes: lengthBytes)
        didWrite(0)
    }

    /// Resumes reading from a source that had no bytes available.
    package func resumeSource() {
        guard isOpen else { return }
        didWrite(0)
    }

    /// Ends this side after all queued bytes, with optional trailers. With trailers a server resets
    /// the stream then if the client is still sending.
    package func finish(trailers block: HTTP2HeaderBlock?) {
        guard prepareWrite() else { return }
        isFinished = true
        trailers = block
        didWrite(0)
    }

    /// Resets the stream; queued bytes are dropped.
    package func reset(_ code: HTTP2ErrorCode) {
        guard isOpen else { return }
        connection.submitReset(self, code)
    }

    /// Stops window updates for this stream. At most one more window of data arrives.
    package func pauseReceiving() {
        isReceivingPaused = true
    }

    /// Sends the window updates withheld since `pauseReceiving`.
    package func resumeReceiving() {
        guard isOpen, isReceivingPaused else { return }
        isReceivingPaused = false
        connection.consume(self, unconsumedBytes)
        unconsumedBytes = 0
    }

    private func prepareWrite() -> Bool {
        isOpen && !isFinished
    }

    private func didWrite(_ count: Int) {
        connection.didQueue(self, count)
    }
}
