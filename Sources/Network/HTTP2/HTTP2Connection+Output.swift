internal import CNGHTTP2
package import NIOCore

// MARK: - To the channel

extension HTTP2Connection {
    /// Chunks of output in one flush. A client that reads as fast as the server writes would
    /// otherwise get a large response in one tick of the event loop, for which all others wait.
    private static let chunksPerFlush = 4

    /// Writes the session's output while the channel is writable, in as few writes as possible.
    func flush() {
        guard !isRunning, !isFlushing else {
            flushesAgain = true
            return
        }
        isFlushing = true
        var chunksLeft = Self.chunksPerFlush
        repeat {
            chunksLeft -= 1
            isOutputBlocked = !channelIsWritable
            guard !isOutputBlocked else { break }
            loop.output.clear()
            run(collectOutput)
            writeOutput()
        } while isOutputBlocked && channelIsWritable && !isClosing && chunksLeft > 0
        isFlushing = false
        if isOutputBlocked, channelIsWritable, !isClosing { loop.flushAfterOthers(self) }
        guard let session else { return }
        guard !isClosing,
            nghttp2_session_want_read(session) != 0
                || nghttp2_session_want_write(session) != 0
        else { return close() }
        countMemory()
        if isDraining, streams.isEmpty, !isOutputBlocked { finishDraining() }
        if !isOutputBlocked { continueReading() }
        notifyWritable()
        if flushesAgain {
            flushesAgain = false
            requestFlush()
        }
    }

    /// Moves the session's frames to `loop.output` while it has capacity.
    private func collectOutput(_ session: OpaquePointer) {
        var result = nghttp2_session_send(session)
        if result == 0, resetStoppedStreams(session) {
            result = nghttp2_session_send(session)
        }
        if result == 0, isGoAwayNoticePending, !isOutputBlocked {
            appendGoAwayNotice(session)
            result = nghttp2_session_send(session)
        }
        if result != 0 { isClosing = true }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, isOutputBlocked, !isFlushing { loop.markDirty(self) }
        context.fireChannelWritabilityChanged()
    }

    private var channelIsWritable: Bool { channel?.isWritable ?? false }

    private func writeOutput() {
        memory.channelBytes = 0
        guard loop.output.readableBytes > 0, let context, !isClosed else { return }
        // While the channel is not writable the rest stays in the session.
        let count = loop.output.readableBytes
        context.writeAndFlush(wrapOutboundOut(loop.output), promise: nil)
        guard !channelIsWritable else { return }
        isOutputBlocked = true
        if !isClosed { memory.channelBytes = count }
    }

    private func continueReading() {
        guard hasPendingRead, let context, !isClosed else { return }
        hasPendingRead = false
        context.read()
    }

    private func notifyWritable() {
        guard !writableStreams.isEmpty else { return }
        var streams: [HTTP2Stream] = []
        swap(&streams, &writableStreams)
        for stream in streams where stream.isOpen { stream.delegate?.streamBecameWritable() }
    }
}

// MARK: - From the session's callbacks

extension HTTP2Connection {
    /// Whether the session may produce more frames in this flush.
    var hasOutputCapacity: Bool {
        if loop.output.readableBytes < configuration.outputChunkBytes, !isOutputBlocked {
            return true
        }
        isOutputBlocked = true
        return false
    }

    func appendOutput(_ bytes: UnsafeRawBufferPointer) {
        loop.output.writeBytes(bytes)
    }

    /// Writes one DATA frame: nghttp2's frame header and `count` bytes of the stream.
    func appendData(_ stream: HTTP2Stream, _ header: UnsafeRawBufferPointer, _ count: Int) {
        keepalive.resetStrikes()
        // The peer may send updates of two windows for each frame.
        controlFrames.earn(2)
        loop.output.writeBytes(header)
        stream.queue.take(count: count, into: &loop.output)
        memory.outputBytes -= count
        if stream.isAboveHighWatermark,
            stream.bufferedBytes <= configuration.streamLowWatermarkBytes
        {
            stream.isAboveHighWatermark = false
            writableStreams.append(stream)
        }
    }

    /// Returns the length of a stream's next DATA frame, and sets the flags for the last one.
    func provideData(
        _ stream: HTTP2Stream, limit: Int, flags: UnsafeMutablePointer<UInt32>
    ) -> Int {
        if let (source, bytesMax) = stream.queue.frontSource {
            var piece = ByteBuffer()
            source.read(bytesMax: bytesMax, into: &piece)
            stream.queue.insertFromSource(piece)
            memory.outputBytes += piece.readableBytes
        }
        guard let available = stream.queue.available(limit: limit) else {
            guard stream.isFinished, stream.queue.isEmpty else {
                stream.isDeferred = true
                return Int(NGHTTP2_ERR_DEFERRED.rawValue)
            }
            endBody(stream, flags)
            return 0
        }
        flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if stream.isFinished, stream.queue.isLast(available) { endBody(stream, flags) }
        return available
    }

    private func endBody(_ stream: HTTP2Stream, _ flags: UnsafeMutablePointer<UInt32>) {
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        guard let trailers = stream.trailers, let session else { return }
        flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        keepalive.resetStrikes()
        let fields = trailers.fields
        nghttp2_submit_trailer(session, stream.id, fields.baseAddress, fields.count)
        stopSending(stream)
    }
}
