import GRPC
import HTTP2
import NIOCore
import ProtobufJSON

/// The response of the call.
extension GatewayExchange: GRPCCallReceiver {
    /// Whether the client reads, and whatever waits has been sent.
    var isWritable: Bool {
        guard let output else { return false }
        return canSend ? output.isWritable : lines.isEmpty
    }

    private var canSend: Bool { hasRequestEnd || output?.isFullDuplex == true }

    func receive(_ message: [UInt8]) {
        guard output != nil else { return }
        guard route.streamsResponses else {
            self.message = message
            return
        }
        var conversion = WireToJSON(gateway.schema, route.messages.response)
        var line = Array("{\"result\":".utf8)
        do throws(WireToJSONError) {
            line += try conversion.whole(message)
        } catch {
            return receiveAbort()
        }
        line += "}\n".utf8
        send(line)
    }

    func receive(_ source: any HTTP2BodySource, lengthBytes: Int) {
        large = LargeGatewayResponse(
            source: source, remainingBytes: lengthBytes,
            conversion: WireToJSON(gateway.schema, route.messages.response))
    }

    func receiveEnd(_ status: GRPCStatus) {
        call = nil
        isRequestEnded = true
        self.status = status
        if canSend { finish() }
    }

    func receiveAbort() {
        guard let output else { return }
        cancel()
        output.abort()
    }

    func becameReceiving() { passMessages() }

    /// Sends a line of a stream, now or when the request has ended.
    private func send(_ line: [UInt8]) {
        guard canSend else {
            lines += line
            return
        }
        begin(.gatewayHead())
        output?.write(line)
    }

    private func begin(_ head: HTTPResponse) {
        guard !hasBegun else { return }
        hasBegun = true
        output?.begin(complete(head))
    }

    /// Sends what waited for the end of the request.
    func sendHeld() {
        if !lines.isEmpty {
            let held = lines
            lines = []
            send(held)
        }
        if status != nil { finish() } else { call?.streamBecameWritable() }
    }

    /// Ends the response with the status of the call.
    private func finish() {
        guard let output, let status else { return }
        if status != .ok, !route.streamsResponses { return fail(status) }
        if large != nil { return sendLarge() }
        if route.streamsResponses {
            finishStream(status)
        } else {
            finishUnary(output)
        }
    }

    private func finishStream(_ status: GRPCStatus) {
        if !hasBegun {
            // A stream that ends with its first message has the status of the code.
            var head = HTTPResponse.gatewayError(status)
            head.headers.remove(name: "Www-Authenticate")
            if status == .ok { head.headers.remove(name: "Content-Type") }
            begin(head)
        }
        if status != .ok { output?.write(status.gatewayLine) }
        end()
    }

    private func finishUnary(_ output: any HTTPResponseOutput) {
        var conversion = WireToJSON(gateway.schema, route.messages.response)
        do throws(WireToJSONError) {
            let json = try conversion.whole(message)
            let response = complete(.gatewayHead(body: json))
            cancel()
            output.send(response)
        } catch {
            receiveAbort()
        }
    }

    private func end() {
        let output = output
        cancel()
        output?.end()
    }

    /// Sends an error as the whole response.
    func fail(_ status: GRPCStatus) {
        let output = output
        let response = complete(.gatewayError(status))
        cancel()
        output?.send(response)
    }
}

/// A response that is converted while the client reads it.
struct LargeGatewayResponse {
    let source: any HTTP2BodySource
    var remainingBytes: Int
    var conversion: WireToJSON
    /// Whether the next piece is sent in the next tick.
    var isScheduled = false

    static let pieceBytes = 64 << 10
}

extension GatewayExchange {
    /// Sends one piece of a large response in each tick of the event loop while the client reads.
    func sendLarge() {
        guard status != nil, let large, !large.isScheduled, isWritable else { return }
        begin(.gatewayHead())
        var piece = ByteBuffer()
        let bytesMax = min(large.remainingBytes, LargeGatewayResponse.pieceBytes)
        large.source.read(bytesMax: bytesMax, into: &piece)
        // Reading may have ended the exchange. All bytes of a source are available.
        guard output != nil, self.large != nil else { return }
        guard piece.readableBytes > 0 else { return receiveAbort() }
        do throws(WireToJSONError) {
            try convert(piece)
        } catch {
            return receiveAbort()
        }
        guard self.large?.remainingBytes != 0 else { return end() }
        self.large?.isScheduled = true
        loop.eventLoop.assumeIsolated().execute {
            self.large?.isScheduled = false
            self.sendLarge()
        }
    }

    private func convert(_ piece: ByteBuffer) throws(WireToJSONError) {
        guard var large else { return }
        // The conversion is moved, not copied.
        self.large = nil
        var failure: WireToJSONError?
        piece.withUnsafeReadableBytes { bytes in
            do throws(WireToJSONError) { try large.conversion.append(bytes) } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        large.remainingBytes -= piece.readableBytes
        if large.remainingBytes == 0 { try large.conversion.finish() }
        output?.write(large.conversion.take())
        if output != nil { self.large = large }
    }
}

extension WireToJSON {
    /// The JSON of a message that is in memory.
    mutating func whole(_ message: [UInt8]) throws(WireToJSONError) -> [UInt8] {
        var failure: WireToJSONError?
        message.withUnsafeBytes { bytes in
            do throws(WireToJSONError) { try append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        try finish()
        return take()
    }
}
