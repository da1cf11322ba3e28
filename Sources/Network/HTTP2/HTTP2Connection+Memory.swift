internal import CNGHTTP2

/// What a peer may make a server keep. A client has no such limits: it trusts its server.
extension HTTP2Connection {
    /// Writes of this size are counted at once, smaller ones with the next read or flush.
    static let largeWriteBytes = 64 << 10

    /// Counts the connection's memory in its event loop, and takes the limit that follows.
    func countMemory() {
        guard role == .server else { return }
        memory.count(in: &loop.memory, configuration)
    }

    /// Returns the memory of a closed connection to its event loop.
    func releaseMemory() {
        memory.channelBytes = 0
        memory.headerBlockBytes = 0
        assert(memory.usedBytes == 0, "a connection without streams occupies nothing")
        memory.clear()
        countMemory()
    }

    /// Whether the peer may open another stream.
    var allowsStream: Bool {
        guard role == .server else { return true }
        let streamsMax = configuration.concurrentStreamsMax.map(Int.init)
        return streams.count < streamsMax ?? configuration.openStreamsMax
            && memory.allowsStream(configuration.streamBytes)
    }

    /// Counts a stream that ended by a reset, of either side.
    func countReset(_ code: HTTP2ErrorCode) {
        guard role == .server, code != .noError, !isClosing else { return }
        if !resets.take(1, now: loop.now) { end(.enhanceYourCalm) }
    }
}

extension HTTP2Stream {
    /// Counts header bytes that the layer above keeps until the stream closes. False when they
    /// exceed a limit: the stream has to be reset.
    package func keepHeader(bytes: Int) -> Bool {
        guard isOpen else { return false }
        keptHeaderBytes += bytes
        connection.memory.headerBytes += bytes
        guard connection.role == .server else { return true }
        return connection.memory.headerBytes <= connection.configuration.keptHeaderBytesMax
            && connection.memory.allows(0)
    }

    /// Sets the number of request bytes that the layer above keeps. False when they are more than
    /// before and exceed the memory of the connection: the call has to fail.
    package func keepInput(bytes: Int) -> Bool {
        guard isOpen, bytes != inputBytes else { return true }
        let isMore = bytes > inputBytes
        connection.memory.inputBytes += bytes - inputBytes
        inputBytes = bytes
        return !isMore || connection.memory.allows(0)
    }

    /// Whether `bytes` more may be queued.
    package func hasMemory(for bytes: Int) -> Bool {
        unmanagedConnection._withUnsafeGuaranteedRef { $0.memory.allows(bytes) }
    }
}
