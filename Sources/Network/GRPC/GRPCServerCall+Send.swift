package import HTTP2
package import NIOCore

/// Sending: headers, messages, status.
extension GRPCServerCall {
    /// Sends the response headers before the first message.
    package func sendHeaders() {
        eventLoop.preconditionInEventLoop()
        guard !isClosed, !hasSentHeaders, let stream else { return }
        submitHeaders(on: stream)
    }

    /// Sends one message of `lengthBytes` bytes that `fill` writes directly into the output.
    package func send(lengthBytes: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let stream = prepareMessage(lengthBytes) else {
            return sendInProcess(lengthBytes, fill)
        }
        guard !isGzip else { return writeCompressed(lengthBytes, stream, fill) }
        stream.write(count: lengthBytes + GRPCMessageReader.prefixBytes) { buffer in
            GRPCServerCall.writePrefix(lengthBytes, to: buffer)
            fill(UnsafeMutableRawBufferPointer(rebasing: buffer[GRPCMessageReader.prefixBytes...]))
        }
    }

    /// Sends one message.
    package func send(_ message: [UInt8]) {
        onSend?(message)
        message.withUnsafeBytes { bytes in
            send(lengthBytes: bytes.count) { $0.copyMemory(from: bytes) }
        }
    }

    /// Sends one message; a large one is not copied.
    package func send(_ message: ByteBuffer) {
        guard let stream = prepareMessage(message.readableBytes) else {
            return sendInProcess(message.readableBytes) { buffer in
                message.withUnsafeReadableBytes { buffer.copyMemory(from: $0) }
            }
        }
        guard !isGzip else {
            return message.withUnsafeReadableBytes { writeCompressed($0, stream) }
        }
        writePrefix(message.readableBytes, stream)
        stream.write(message)
    }

    /// Sends one message in three parts; a large middle part is not copied.
    package func send(
        headBytes: Int, _ head: (UnsafeMutableRawBufferPointer) -> Void, middle: [UInt8],
        tailBytes: Int, _ tail: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        let lengthBytes = headBytes + middle.count + tailBytes
        func fill(_ buffer: UnsafeMutableRawBufferPointer) {
            head(UnsafeMutableRawBufferPointer(rebasing: buffer[..<headBytes]))
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[headBytes...])
            middle.withUnsafeBytes { rest.copyMemory(from: $0) }
            tail(UnsafeMutableRawBufferPointer(rebasing: rest[middle.count...]))
        }
        onSend?(
            [UInt8](unsafeUninitializedCapacity: lengthBytes) { memory, count in
                fill(
                    UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(memory)[..<lengthBytes]))
                count = lengthBytes
            })
        guard let stream = prepareMessage(lengthBytes) else {
            return sendInProcess(lengthBytes, fill)
        }
        guard !isGzip else { return writeCompressed(lengthBytes, stream, fill) }
        writePrefix(lengthBytes, stream)
        stream.write(count: headBytes, head)
        stream.write(middle)
        stream.write(count: tailBytes, tail)
    }

    /// Sends one message whose bytes `source` generates as the client reads: at most one piece of
    /// 64 KiB is in memory at a time. Call `resumeSource` when a source had to wait. The message is
    /// not compressed, since the length of a compressed message must be known before it starts.
    package func sendLarge(lengthBytes: Int, source: any HTTP2BodySource) {
        guard let stream = prepareMessage(lengthBytes, isInMemory: false) else {
            return sendInProcess(source, lengthBytes: lengthBytes)
        }
        writePrefix(lengthBytes, stream)
        stream.write(source: source, lengthBytes: lengthBytes)
    }

    /// Resumes reading from a source of `sendLarge` that had no bytes available.
    package func resumeSource() {
        eventLoop.preconditionInEventLoop()
        stream?.resumeSource()
    }

    /// Ends the call with a status, after all sent messages.
    package func finish(_ status: GRPCStatus = .ok, trailers: [(String, String)] = []) {
        eventLoop.preconditionInEventLoop()
        guard !isClosed else { return }
        send(status, trailers: trailers)
        close(.finished, status)
    }

    /// Responds to a unary call: one message and the status OK.
    package func respond(_ message: [UInt8]) {
        send(message)
        finish()
    }

    /// Responds to a unary call with a message written directly into the output.
    package func respond(lengthBytes: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        send(lengthBytes: lengthBytes, fill)
        finish()
    }
}

extension GRPCServerCall {
    /// Refuses a request before it becomes a call.
    func refuse(_ status: GRPCStatus, httpStatus: Int) {
        stream?.submitHeadersOnly(
            GRPCHeaders.trailersOnly(status, httpStatus: httpStatus, subtype: contentSubtype))
        isClosed = true
        refusal = GRPCRefusal()
    }

    func send(_ status: GRPCStatus, trailers: [(String, String)]) {
        guard let stream else {
            connection.receiver?.receiveEnd(status)
            return
        }
        if !hasSentHeaders {
            hasSentHeaders = true
            stream.submitHeadersOnly(
                GRPCHeaders.trailersOnly(
                    status, httpStatus: 200, subtype: contentSubtype, trailers: trailers))
        } else if status == .ok, trailers.isEmpty {
            stream.finish(trailers: GRPCHeaders.trailersOK)
        } else {
            stream.finish(trailers: GRPCHeaders.trailers(status, trailers))
        }
    }

    private func submitHeaders(on stream: HTTP2Stream) {
        hasSentHeaders = true
        stream.submitHeaders(GRPCHeaders.response(subtype: contentSubtype, isGzip: isGzip))
    }

    /// Prepares to queue a message; nil when the call has ended. The call fails when its connection
    /// has no memory left for the message.
    private func prepareMessage(_ lengthBytes: Int, isInMemory: Bool = true) -> HTTP2Stream? {
        // In a release build only `finish` checks, once per call: a stream sends many messages.
        eventLoop.assertInEventLoop()
        precondition(
            lengthBytes >= 0 && lengthBytes <= UInt32.max, "a message length has 32 bits")
        guard !isClosed, let stream else { return nil }
        guard !isInMemory || stream.hasMemory(for: lengthBytes) else {
            fail(.memoryLimit)
            return nil
        }
        if !hasSentHeaders { submitHeaders(on: stream) }
        state.countSent(methodIndex, messages: isUnary ? 0 : 1, bytes: lengthBytes)
        responseBytes += lengthBytes
        return stream
    }

    private func writePrefix(_ lengthBytes: Int, _ stream: HTTP2Stream) {
        stream.write(count: GRPCMessageReader.prefixBytes) {
            GRPCServerCall.writePrefix(lengthBytes, to: $0)
        }
    }

    private func writeCompressed(
        _ lengthBytes: Int, _ stream: HTTP2Stream, _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        let message = [UInt8](unsafeUninitializedCapacity: lengthBytes) { memory, count in
            fill(UnsafeMutableRawBufferPointer(memory))
            count = lengthBytes
        }
        message.withUnsafeBytes { writeCompressed($0, stream) }
    }

    /// An empty message is not compressed, as in grpc-go.
    private func writeCompressed(_ message: UnsafeRawBufferPointer, _ stream: HTTP2Stream) {
        guard !message.isEmpty, let compressed = state.compressed(message) else {
            writePrefix(message.count, stream)
            return stream.write(count: message.count) { $0.copyMemory(from: message) }
        }
        stream.write(count: GRPCMessageReader.prefixBytes) { buffer in
            GRPCServerCall.writePrefix(compressed.count, isCompressed: true, to: buffer)
        }
        stream.write(compressed)
    }

    static func writePrefix(
        _ lengthBytes: Int, isCompressed: Bool = false, to buffer: UnsafeMutableRawBufferPointer
    ) {
        buffer[0] = isCompressed ? 1 : 0
        buffer.storeBytes(
            of: UInt32(truncatingIfNeeded: lengthBytes).bigEndian, toByteOffset: 1, as: UInt32.self)
    }
}

/// The header blocks of responses; the usual ones are created once.
enum GRPCHeaders {
    private static let plainResponse = HTTP2HeaderBlock(
        [(":status", "200"), ("content-type", "application/grpc")], isConstant: true)
    static let trailersOK = HTTP2HeaderBlock([("grpc-status", "0")], isConstant: true)

    /// The headers before the first message, for a request's content subtype.
    static func response(subtype: String, isGzip: Bool) -> HTTP2HeaderBlock {
        if subtype.isEmpty, !isGzip { return plainResponse }
        let encoding = isGzip ? [("grpc-encoding", "gzip")] : []
        return HTTP2HeaderBlock(
            [(":status", "200"), ("content-type", contentType(subtype))] + encoding)
    }

    private static func contentType(_ subtype: String) -> String {
        subtype.isEmpty ? "application/grpc" : "application/grpc+" + subtype
    }

    static func trailers(_ status: GRPCStatus, _ more: [(String, String)]) -> HTTP2HeaderBlock {
        HTTP2HeaderBlock(fields(status, more))
    }

    /// Headers that are the whole response (gRPC's Trailers-Only).
    static func trailersOnly(
        _ status: GRPCStatus, httpStatus: Int, subtype: String,
        trailers: [(String, String)] = []
    ) -> HTTP2HeaderBlock {
        let head = [
            (Array(":status".utf8), Array(String(httpStatus).utf8)),
            (Array("content-type".utf8), Array(contentType(subtype).utf8)),
        ]
        return HTTP2HeaderBlock(head + fields(status, trailers))
    }

    /// nghttp2 sends at most 64 KiB of headers; a longer text, which can only be one that quotes
    /// the request, is cut.
    private static let messageBytesMax = 60 << 10

    private static func fields(
        _ status: GRPCStatus, _ more: [(String, String)]
    ) -> [(name: [UInt8], value: [UInt8])] {
        var fields = [
            (name: Array("grpc-status".utf8), value: Array("\(status.code.rawValue)".utf8))
        ]
        if !status.message.isEmpty {
            let text = GRPCMessageEncoding.encode(status.message, bytesMax: messageBytesMax)
            fields.append((Array("grpc-message".utf8), text))
        }
        for (name, value) in more { fields.append((Array(name.utf8), Array(value.utf8))) }
        return fields
    }
}

extension GRPCServerCall {
    /// Aborts the call in the middle of a message that cannot be completed: resets the stream.
    package func abort() {
        eventLoop.preconditionInEventLoop()
        stream?.reset(.internalError)
        if stream == nil { connection.receiver?.receiveAbort() }
        guard !isClosed else { return }
        close(.failed, GRPCStatus(.internal, ""))
    }
}
