internal import CNGHTTP2
package import NIOCore

// MARK: - From the channel

extension HTTP2Connection {
    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        isReading = true
        keepalive.lastReadMilliseconds = loop.nowMilliseconds
        run { session in
            let result = buffer.withUnsafeReadableBytes { bytes in
                nghttp2_session_mem_recv(
                    session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            }
            if result < 0 { closesAfterRun = true }
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    /// Holds reading while the socket takes nothing and too much waits to be sent: a peer that
    /// asks without reading its answers is not served further.
    package func read(context: ChannelHandlerContext) {
        if isOutputBlocked, isOverReadLimits {
            hasPendingRead = true
        } else {
            context.read()
        }
    }

    var isOverReadLimits: Bool {
        pendingBytes > configuration.readPauseBytes
            || streams.count > configuration.readPauseStreams
    }
}

// MARK: - From the session's callbacks

extension HTTP2Connection {
    func beginStream(_ id: Int32) -> Int32 {
        guard let session else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        guard pendingBytes <= configuration.maxPendingBytes else {
            nghttp2_submit_rst_stream(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id,
                HTTP2ErrorCode.refusedStream.rawValue)
            return 0
        }
        let stream = takeStream(id: id)
        nghttp2_session_set_stream_user_data(
            session, id, Unmanaged.passUnretained(stream).toOpaque())
        delegate?.connection(self, opened: stream)
        return 0
    }

    func receiveHeader(
        _ stream: HTTP2Stream, _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> Bool {
        // 32 bytes of overhead for each field, as RFC 9113 section 6.5.2 counts them.
        let bytes = name.count + value.count + 32
        guard stream.countHeader(bytes, limit: configuration.maxHeaderListBytes) else {
            return false
        }
        return stream.delegate?.streamReceivedHeader(name: name, value: value) ?? true
    }

    func receiveHeaders(_ stream: HTTP2Stream, endOfStream: Bool) {
        if endOfStream { stream.isRemoteClosed = true }
        stream.delegate?.streamReceivedHeaders(endOfStream: endOfStream)
        if endOfStream { stream.delegate?.streamReceivedEnd() }
    }

    func receiveData(_ stream: HTTP2Stream?, _ id: Int32, _ data: UnsafeRawBufferPointer) {
        guard let session else { return }
        guard let stream else {
            nghttp2_session_consume(session, id, data.count)
            return
        }
        stream.delegate?.streamReceivedData(data)
        if stream.isReceivingPaused {
            stream.unconsumedBytes += data.count
            nghttp2_session_consume_connection(session, data.count)
        } else {
            nghttp2_session_consume(session, id, data.count)
        }
    }

    func receiveEnd(_ stream: HTTP2Stream) {
        stream.isRemoteClosed = true
        stream.delegate?.streamReceivedEnd()
    }

    func receiveGoAway() {
        isGoingAway = true
        delegate?.connectionGoingAway(self)
    }

    /// A request that never left: nghttp2 knows no stream for it, so it is closed here.
    func headersNotSent(_ id: Int32) {
        guard role == .client, let stream = streams.first(where: { $0.id == id }) else { return }
        guard nghttp2_session_get_stream_user_data(session, id) == nil else { return }
        closeStream(stream, .refusedStream, connectionLost: false)
    }
}
