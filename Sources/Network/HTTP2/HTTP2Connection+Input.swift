internal import CNGHTTP2
package import NIOCore

// MARK: - From the channel

extension HTTP2Connection {
    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        let buffer = unwrapInboundIn(data)
        isReading = true
        keepalive.lastReadAt = loop.now
        countMemory()
        run { session in
            buffer.withUnsafeReadableBytes { bytes in
                if role == .client {
                    receive(session, bytes)
                } else {
                    headerBlocks.filter(bytes) { receive(session, $0) }
                    checkFrames()
                }
            }
        }
    }

    private func receive(_ session: OpaquePointer, _ bytes: UnsafeRawBufferPointer) {
        let result = nghttp2_session_mem_recv(
            session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        if result < 0 { close() }
    }

    /// Ends the connection for header blocks and control frames beyond their limits. A header block
    /// that is too large concerns the whole connection: HPACK needs all of it to decode the
    /// following ones.
    private func checkFrames() {
        let count = headerBlocks.takeControlFrames()
        if count > 0, !controlFrames.take(count, now: loop.now) {
            return end(.enhanceYourCalm)
        }
        if headerBlocks.isOverLimit { return end(.protocolError) }
        memory.headerBlockBytes = headerBlocks.bufferedBytes
        if memory.headerBlockBytes > 0, !memory.allows(0) { end(.enhanceYourCalm) }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        context.fireChannelReadComplete()
    }

    /// Suspends reading while the socket is not writable and too much output is pending, so that a
    /// peer that does not read its responses is not served further.
    package func read(context: ChannelHandlerContext) {
        if isOutputBlocked, isOverReadLimits {
            hasPendingRead = true
        } else {
            context.read()
        }
    }

    private var isOverReadLimits: Bool {
        guard memory.outputBytes <= configuration.readPauseBytes,
            streams.count <= configuration.readPauseStreams, let session
        else { return true }
        return nghttp2_session_get_outbound_queue_size(session) > configuration.readPauseFrames
    }
}

// MARK: - From the session's callbacks

extension HTTP2Connection {
    func beginStream(_ id: Int32) -> Int32 {
        guard let session else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        guard allowsStream else {
            nghttp2_submit_rst_stream(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id,
                HTTP2ErrorCode.refusedStream.rawValue)
            return 0
        }
        controlFrames.earn(2)
        let stream = takeStream(id: id)
        nghttp2_session_set_stream_user_data(
            session, id, Unmanaged.passUnretained(stream).toOpaque())
        delegate?.connection(self, opened: stream)
        return 0
    }

    func receiveHeader(
        _ stream: HTTP2Stream, _ nameBuffer: OpaquePointer, _ valueBuffer: OpaquePointer
    ) {
        if let known = repeatedFields?.find(nameBuffer, valueBuffer) {
            guard admitHeader(stream, bytes: Int(known.bytes)) else { return }
            let delegate = stream.delegate
            if let code = delegate?.streamReceivedRepeatedHeader(effect: known.effect) {
                refuse(stream, code)
            }
            return
        }
        let name = Self.bytes(nameBuffer)
        let value = Self.bytes(valueBuffer)
        // 32 bytes of overhead for each field (RFC 9113 section 6.5.2).
        let bytes = name.count + value.count + 32
        guard admitHeader(stream, bytes: bytes) else { return }
        switch stream.delegate?.streamReceivedHeader(name: name, value: value) {
        case .accepted, nil: break
        case .refused(let code): refuse(stream, code)
        case .repeatable(let effect):
            keepRepeated(nameBuffer, valueBuffer, bytes: bytes, effect)
        }
    }

    /// Counts a field; refuses the stream if its fields are too large.
    private func admitHeader(_ stream: HTTP2Stream, bytes: Int) -> Bool {
        stream.headerListBytes += bytes
        if stream.headerListBytes <= configuration.headerListBytesMax { return true }
        refuse(stream, .frameSizeError)
        return false
    }

    private func keepRepeated(
        _ name: OpaquePointer, _ value: OpaquePointer, bytes: Int, _ effect: UInt16
    ) {
        guard role == .server, bytes <= RepeatedFields.fieldBytesMax else { return }
        let fields = repeatedFields ?? RepeatedFields()
        repeatedFields = fields
        fields.keep(name, value, bytes: UInt16(bytes), effect)
    }

    private static func bytes(_ buffer: OpaquePointer) -> UnsafeRawBufferPointer {
        let vector = nghttp2_rcbuf_get_buf(buffer)
        return UnsafeRawBufferPointer(start: vector.base, count: vector.len)
    }

    /// Resets a stream because of its headers. The rest of the block is only decoded to keep the
    /// HPACK state.
    private func refuse(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        stream.isRefused = true
        headersStream = nil
        submitReset(stream, code)
    }

    func receiveHeaders(_ stream: HTTP2Stream, endOfStream: Bool) {
        guard !stream.isRefused else { return }
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
        if !stream.isRefused { stream.delegate?.streamReceivedData(data) }
        if stream.isReceivingPaused {
            stream.unconsumedBytes += data.count
            nghttp2_session_consume_connection(session, data.count)
        } else {
            nghttp2_session_consume(session, id, data.count)
        }
    }

    func receiveEnd(_ stream: HTTP2Stream) {
        stream.isRemoteClosed = true
        guard !stream.isRefused else { return }
        stream.delegate?.streamReceivedEnd()
    }

    func receiveGoAway() {
        isGoingAway = true
        delegate?.connectionGoingAway(self)
    }

    /// Headers were not sent, for example because they exceed nghttp2's limit of 64 KiB: the stream
    /// of a response is reset. nghttp2 closes the stream of an unsent request if it has opened it.
    func headersNotSent(_ id: Int32) {
        guard let session else { return }
        let opened = nghttp2_session_get_stream_user_data(session, id)
        switch role {
        case .server:
            guard let opened else { return }
            let stream = Unmanaged<HTTP2Stream>.fromOpaque(opened).takeUnretainedValue()
            submitReset(stream, .internalError)
        case .client:
            guard opened == nil, let stream = streams.first(where: { $0.id == id }) else { return }
            closeStream(stream, .refusedStream, connectionLost: false)
        }
    }
}
