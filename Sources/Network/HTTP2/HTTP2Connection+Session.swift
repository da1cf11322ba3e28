internal import CNGHTTP2

extension HTTP2Connection {
    /// A session with the limits of the configuration; nil when out of memory.
    func makeSession() -> OpaquePointer? {
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0, let options else { return nil }
        defer { nghttp2_option_del(options) }
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_max_outbound_ack(options, 1_000)
        // Go's gRPC clients use a socket path as :authority, which nghttp2's HTTP messaging rules
        // refuse. The headers that a call needs are checked when the call starts.
        if role == .server { nghttp2_option_set_no_http_messaging(options, 1) }
        nghttp2_option_set_max_continuations(options, configuration.headerFramesMax)
        nghttp2_option_set_stream_reset_rate_limit(
            options, configuration.resetBurst, configuration.resetsPerSecond)
        var session: OpaquePointer?
        let userData = Unmanaged.passUnretained(self).toOpaque()
        let result =
            role == .server
            ? nghttp2_session_server_new2(&session, SessionCallbacks.table, userData, options)
            : nghttp2_session_client_new2(&session, SessionCallbacks.table, userData, options)
        return result == 0 ? session : nil
    }

    /// The first frames: SETTINGS, and the connection's window.
    func submitInitialSettings() {
        guard let session else { return }
        var entries = [
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(configuration.streamWindowBytes))
        ]
        if role == .client {
            entries.append(setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        } else if let limit = configuration.concurrentStreamsMax, limit < .max {
            entries.append(setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limit))
        }
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_settings(session, flags, entries, entries.count)
        nghttp2_session_set_local_window_size(
            session, flags, 0, configuration.connectionWindowBytes)
    }

    private func setting(
        _ id: nghttp2_settings_id, _ value: UInt32
    ) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
    }
}

// MARK: - Submitting, called by streams

extension HTTP2Connection {
    private func provider(_ stream: HTTP2Stream) -> nghttp2_data_provider {
        var provider = nghttp2_data_provider()
        provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        provider.read_callback = SessionCallbacks.readData
        return provider
    }

    func submitResponse(_ stream: HTTP2Stream, _ block: HTTP2HeaderBlock) {
        guard let session else { return }
        var provider = provider(stream)
        let fields = block.fields
        nghttp2_submit_response(session, stream.id, fields.baseAddress, fields.count, &provider)
        requestFlush()
    }

    func submitHeadersOnly(_ stream: HTTP2Stream, _ block: HTTP2HeaderBlock) {
        guard let session else { return }
        let fields = block.fields
        nghttp2_submit_response(session, stream.id, fields.baseAddress, fields.count, nil)
        stopSending(stream)
        requestFlush()
    }

    /// Records a stream whose client has not ended its side, to be reset once the response is sent:
    /// nghttp2 drops what is queued behind a reset.
    func stopSending(_ stream: HTTP2Stream) {
        guard stream.isServer, !stream.isRemoteClosed else { return }
        stoppingStreams.append(stream.id)
    }

    /// Resets the recorded streams whose response is sent (RFC 9113 section 8.1); returns whether
    /// there were any.
    func resetStoppedStreams(_ session: OpaquePointer) -> Bool {
        guard !stoppingStreams.isEmpty else { return false }
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        var resets = 0
        stoppingStreams.removeAll { id in
            let isClosed = nghttp2_session_get_stream_local_close(session, id)
            guard isClosed != 0 else { return false }
            guard isClosed == 1 else { return true }
            nghttp2_submit_rst_stream(session, flags, id, HTTP2ErrorCode.noError.rawValue)
            resets += 1
            return true
        }
        return resets > 0
    }

    /// Whether the last byte of this side has been sent.
    func isLocalClosed(_ stream: HTTP2Stream) -> Bool {
        guard let session else { return true }
        return nghttp2_session_get_stream_local_close(session, stream.id) != 0
    }

    func submitReset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard let session else { return }
        stream.isFinished = true
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
        requestFlush()
    }

    func didQueue(_ stream: HTTP2Stream, _ count: Int) {
        memory.outputBytes += count
        if count >= Self.largeWriteBytes { countMemory() }
        if stream.bufferedBytes > configuration.streamHighWatermarkBytes {
            stream.isAboveHighWatermark = true
        }
        if stream.isDeferred, let session {
            stream.isDeferred = false
            nghttp2_session_resume_data(session, stream.id)
        }
        requestFlush()
    }

    func consume(_ stream: HTTP2Stream, _ count: Int) {
        guard let session, count > 0 else { return }
        nghttp2_session_consume_stream(session, stream.id, count)
        requestFlush()
    }

    /// Opens a client stream; the request is sent with the next flush.
    package func openStream(
        headers block: HTTP2HeaderBlock, delegate: any HTTP2StreamDelegate
    ) throws(HTTP2Error) -> HTTP2Stream {
        loop.eventLoop.preconditionInEventLoop()
        guard isUsable, let session else { throw .connectionUnavailable }
        let stream = takeStream(id: 0)
        var provider = provider(stream)
        let fields = block.fields
        let id = nghttp2_submit_request(
            session, nil, fields.baseAddress, fields.count, &provider,
            Unmanaged.passUnretained(stream).toOpaque())
        guard id > 0 else {
            remove(stream)
            recycle(stream)
            throw .connectionUnavailable
        }
        stream.id = id
        stream.hasSubmittedHeaders = true
        stream.delegate = delegate
        requestFlush()
        return stream
    }

    /// Requests a flush by the loop, except while reading: `channelReadComplete` flushes.
    func requestFlush() {
        if !isReading { loop.markDirty(self) }
    }
}

// MARK: - Streams

extension HTTP2Connection {
    func takeStream(id: Int32) -> HTTP2Stream {
        let stream = loop.freeStreams.popLast() ?? HTTP2Stream(connection: self)
        stream.open(on: self, id: id, isServer: role == .server)
        stream.index = streams.count
        streams.append(stream)
        memory.streamBytes = streams.count * configuration.streamBytes
        return stream
    }

    func closeStream(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode, connectionLost: Bool) {
        guard stream.isOpen else { return }
        memory.outputBytes -= stream.bufferedBytes
        memory.headerBytes -= stream.keptHeaderBytes
        memory.inputBytes -= stream.inputBytes
        if !connectionLost { countReset(code) }
        let delegate = stream.delegate
        remove(stream)
        delegate?.streamClosed(code, connectionLost: connectionLost)
        recycle(stream)
        if isDraining, streams.isEmpty { requestFlush() }
    }

    private func remove(_ stream: HTTP2Stream) {
        stream.close()
        let index = stream.index
        streams.swapAt(index, streams.count - 1)
        streams[index].index = index
        streams.removeLast()
        memory.streamBytes = streams.count * configuration.streamBytes
    }

    /// Keeps a closed stream for reuse: its delegate has released it.
    private func recycle(_ stream: HTTP2Stream) {
        guard loop.freeStreams.count < HTTP2Loop.freeStreamsMax else { return }
        loop.freeStreams.append(stream)
    }
}
