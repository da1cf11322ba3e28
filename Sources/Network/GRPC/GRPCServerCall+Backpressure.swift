internal import HTTP2

/// Request bytes that a call received but does not deliver yet.
final class HeldInput {
    var bytes: [UInt8]
    /// Bytes that are delivered.
    var offset = 0
    /// Whether the client has ended its side after these bytes.
    var hasEnd = false
    var isDelivering = false

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = [UInt8](bytes)
    }
}

/// Back-pressure: a call with much unsent output receives no messages.
///
/// A handler responds to a message whether or not its client reads. Therefore messages of a call above
/// its high watermark, or of one that its handler paused, are held back undecoded and window updates
/// withheld, so that at most one flow-control window of them is kept. They are delivered, in order
/// and before `becameWritable`, when the call can receive again.
extension GRPCServerCall {
    /// Stops the delivery of messages until `resumeReceiving`.
    ///
    /// Pauses are counted, since several may overlap, such as that of a handler and the wait for
    /// the caller's token: messages are delivered once each has ended.
    package func pauseReceiving() {
        pauses += 1
        if pauses == 1 { stream?.pauseReceiving() }
    }

    /// Ends a pause. After the last one this delivers the messages received since, possibly before
    /// it returns, and further ones.
    package func resumeReceiving() {
        precondition(pauses > 0, "receiving is resumed once for each pause")
        pauses -= 1
        guard pauses == 0 else { return }
        if held == nil { resumeStream() } else { deliverHeld() }
    }

    private func resumeStream() {
        guard let stream else {
            connection.receiver?.becameReceiving()
            return
        }
        stream.resumeReceiving()
    }

    /// Whether received messages are held back. A call with one request message never does.
    var holdsMessages: Bool {
        guard kind == .bidirectional || kind == .clientStreaming else { return false }
        return pauses > 0 || !isWritable
    }

    /// Holds back `input`, which follows what is held already.
    func hold(_ input: UnsafeRawBufferPointer) {
        if let held {
            held.bytes.append(contentsOf: input)
        } else {
            held = HeldInput(input)
            stream?.pauseReceiving()
        }
    }

    /// Delivers held messages until the call must hold them back again.
    func deliverHeld() {
        guard let held, !held.isDelivering else { return }
        held.isDelivering = true
        let bytes = held.bytes
        bytes.withUnsafeBytes { bytes in
            var input = UnsafeRawBufferPointer(rebasing: bytes[held.offset...])
            decode(&input)
            held.offset = bytes.count - input.count
        }
        held.isDelivering = false
        guard !isClosed else { return }
        guard held.offset == held.bytes.count else { return countInput() }
        self.held = nil
        countInput()
        if pauses == 0 { resumeStream() }
        if held.hasEnd { streamReceivedEnd() }
    }

    /// Counts the request bytes that are kept; the call fails when they are too many.
    func countInput() {
        // The message of a unary call is counted until it is served.
        guard !isClosed, !isUnary || !isCounted, let stream else { return }
        let bytes = reader.partialBytes + (held?.bytes.capacity ?? 0) + (request?.capacity ?? 0)
        if !stream.keepInput(bytes: bytes) { fail(.memoryLimit) }
    }
}
