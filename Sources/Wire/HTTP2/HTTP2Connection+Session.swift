internal import CNGHTTP2

extension HTTP2Connection {
    /// The session with the limits of the configuration, or nil when memory is out.
    func makeSession() -> OpaquePointer? {
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0, let options else { return nil }
        defer { nghttp2_option_del(options) }
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_max_outbound_ack(options, 10_000)
        // Go's gRPC clients put a socket's path into :authority, which the rules of HTTP messages
        // refuse; what a call needs of its headers is checked where calls begin.
        if role == .server { nghttp2_option_set_no_http_messaging(options, 1) }
        nghttp2_option_set_max_continuations(options, configuration.maxHeaderFrames)
        nghttp2_option_set_stream_reset_rate_limit(
            options, configuration.resetBurst, configuration.resetsPerSecond)
        var session: OpaquePointer?
        let owner = Unmanaged.passUnretained(self).toOpaque()
        let result =
            role == .server
            ? nghttp2_session_server_new2(&session, SessionCallbacks.table, owner, options)
            : nghttp2_session_client_new2(&session, SessionCallbacks.table, owner, options)
        return result == 0 ? session : nil
    }

    /// The first frames of this side: SETTINGS, and the connection's window.
    func submitInitialSettings() {
        guard let session else { return }
        var entries = [
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(configuration.streamWindowBytes))
        ]
        if role == .client {
            entries.append(setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        } else if let limit = configuration.maxConcurrentStreams, limit < .max {
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
        wantsFlush()
    }

    func submitHeadersOnly(_ stream: HTTP2Stream, _ block: HTTP2HeaderBlock) {
        guard let session else { return }
        let fields = block.fields
        nghttp2_submit_response(session, stream.id, fields.baseAddress, fields.count, nil)
        stopSending(stream)
        wantsFlush()
    }

    /// Notes a stream whose client has not ended its side and is to be told to stop, once the
    /// answer has left: nghttp2 drops what is queued behind a reset.
    func stopSending(_ stream: HTTP2Stream) {
        guard stream.isServer, !stream.isRemoteClosed else { return }
        stoppingStreams.append(stream.id)
    }

    /// Resets the noted streams whose answer has left (RFC 9113 section 8.1); true if there were.
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

    /// Whether the last byte of this side has left.
    func isLocalClosed(_ stream: HTTP2Stream) -> Bool {
        guard let session else { return true }
        return nghttp2_session_get_stream_local_close(session, stream.id) != 0
    }

    func submitReset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard let session else { return }
        stream.isFinished = true
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
        wantsFlush()
    }

    func didQueue(_ stream: HTTP2Stream, _ count: Int) {
        pendingBytes += count
        if stream.bufferedBytes > configuration.streamHighWatermarkBytes {
            stream.isAboveHighWatermark = true
        }
        if stream.isDeferred, let session {
            stream.isDeferred = false
            nghttp2_session_resume_data(session, stream.id)
        }
        wantsFlush()
    }

    func consume(_ stream: HTTP2Stream, _ count: Int) {
        guard let session, count > 0 else { return }
        nghttp2_session_consume_stream(session, stream.id, count)
        wantsFlush()
    }

    /// Opens a stream of a client; its requests leave with the next flush.
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
        wantsFlush()
        return stream
    }

    /// A read turn flushes when it ends; anything else needs the loop to do so.
    func wantsFlush() {
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
        return stream
    }

    func closeStream(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode, connectionLost: Bool) {
        guard stream.isOpen else { return }
        pendingBytes -= stream.bufferedBytes
        largeHeaderBytes -= stream.largeHeaderBytes
        let delegate = stream.delegate
        remove(stream)
        delegate?.streamClosed(code, connectionLost: connectionLost)
        recycle(stream)
        if isDraining, streams.isEmpty { wantsFlush() }
    }

    private func remove(_ stream: HTTP2Stream) {
        stream.close()
        let index = stream.index
        streams.swapAt(index, streams.count - 1)
        streams[index].index = index
        streams.removeLast()
    }

    /// Keeps a closed stream for its next use: its delegate has let go of it.
    private func recycle(_ stream: HTTP2Stream) {
        guard loop.freeStreams.count < HTTP2Loop.freeStreamsMax else { return }
        loop.freeStreams.append(stream)
    }
}
