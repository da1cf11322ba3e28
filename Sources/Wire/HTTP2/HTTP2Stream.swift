internal import CNGHTTP2
package import NIOCore

/// What the layer above learns about one stream. Called on the connection's event loop.
///
/// Headers come as borrowed bytes, field by field; they are gone when the call returns.
package protocol HTTP2StreamDelegate: AnyObject {
    /// One header field, pseudo-headers included. A code has the stream reset with it.
    func streamReceivedHeader(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) -> HTTP2ErrorCode?
    /// A header block is complete; trailers come as a second block.
    func streamReceivedHeaders(endOfStream: Bool)
    /// A piece of the body.
    func streamReceivedData(_ bytes: UnsafeRawBufferPointer)
    /// The peer will send no more.
    func streamReceivedEnd()
    /// Less than the low watermark is queued, after it had been more than the high one.
    func streamBecameWritable()
    /// The stream is over; nothing is called after this, and the delegate must let go of the
    /// stream now: the object is used again for another one.
    func streamClosed(_ code: HTTP2ErrorCode, connectionLost: Bool)
}

/// One HTTP/2 stream: its queue of outgoing bytes and how far each side has come.
///
/// Owned by its connection from the first header to the close; recycled by the loop
/// afterwards. Between the close and its next use all calls are ignored.
package final class HTTP2Stream {
    package internal(set) var id: Int32 = 0
    /// The receiver of this stream's events.
    package var delegate: (any HTTP2StreamDelegate)?
    /// Whether the peer has ended its side.
    package internal(set) var isRemoteClosed = false

    unowned(unsafe) var connection: HTTP2Connection
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
    /// Whether its headers were refused: the reset is on its way, the rest is not looked at.
    var isRefused = false
    var headerListBytes = 0

    init(connection: HTTP2Connection) {
        self.connection = connection
    }

    /// Makes a recycled stream ready for its next use.
    func open(on connection: HTTP2Connection, id: Int32, isServer: Bool) {
        self.connection = connection
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
    /// What its header block has over the bytes that are free.
    var largeHeaderBytes: Int {
        max(headerListBytes - connection.configuration.freeHeaderListBytes, 0)
    }

    /// Bytes queued in memory and not yet given to the socket.
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

    /// Server: sends headers that are also the end of the stream, and asks a client that is still
    /// sending to stop.
    package func submitOnlyHeaders(_ block: HTTP2HeaderBlock) {
        guard isOpen, !hasSubmittedHeaders else { return }
        hasSubmittedHeaders = true
        isFinished = true
        connection.submitHeadersOnly(self, block)
    }

    /// Queues `count` bytes written by `fill` into uninitialised memory.
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

    /// Queues bytes; many are not copied.
    package func write(_ bytes: [UInt8]) {
        guard prepareWrite() else { return }
        queue.append(bytes)
        didWrite(bytes.count)
    }

    /// Queues `lengthBytes` bytes that `source` makes on demand.
    package func write(source: any HTTP2BodySource, lengthBytes: Int) {
        guard prepareWrite() else { return }
        queue.append(source: source, lengthBytes: lengthBytes)
        didWrite(0)
    }

    /// Has a source asked again that had nothing when it was asked last.
    package func resumeSource() {
        guard isOpen else { return }
        didWrite(0)
    }

    /// Ends this side after all that is queued, with trailers if given.
    package func finish(trailers block: HTTP2HeaderBlock?) {
        guard prepareWrite() else { return }
        isFinished = true
        trailers = block
        didWrite(0)
    }

    /// Ends the stream at once; queued bytes are dropped.
    package func reset(_ code: HTTP2ErrorCode) {
        guard isOpen else { return }
        connection.submitReset(self, code)
    }

    /// Gives the peer no more window for this stream. At most one window more arrives.
    package func pauseReceiving() {
        isReceivingPaused = true
    }

    /// Gives the peer the window held back since `pauseReceiving`.
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
