package import ConnectionIdentity
package import HTTP2
package import MonotonicClock
package import NIOCore

/// Receives the response of a call that another service of this process makes, without a
/// connection. Called on the call's event loop.
package protocol GRPCCallReceiver: AnyObject {
    /// Whether further messages are wanted. While it is false, the call is treated as that of a
    /// client that does not read; `GRPCServerCall.streamBecameWritable` ends this.
    var isWritable: Bool { get }
    /// Received a message of the response.
    func receive(_ message: [UInt8])
    /// Received a message of `lengthBytes` bytes that `source` generates as they are read.
    func receive(_ source: any HTTP2BodySource, lengthBytes: Int)
    /// The response is complete.
    func receiveEnd(_ status: GRPCStatus)
    /// The call ended in the middle of a message.
    func receiveAbort()
    /// The call receives requests again after `isReceiving` was false.
    func becameReceiving()
}

extension GRPCServer {
    /// Opens a call that a service of this process makes. It is served, counted and limited like one
    /// over the network. Call on the event loop.
    ///
    /// Only `metadata` shows who makes it: there is no connection whose certificate could count.
    ///
    /// - Parameters:
    ///   - path: that of a method, which the server must have.
    ///   - open: receives the call before its method is called.
    package func openCall(
        _ path: String, metadata: [(name: String, value: String)], deadline: MonotonicTime?,
        receiver: any GRPCCallReceiver, on eventLoop: any EventLoop,
        _ open: (GRPCServerCall) -> Void
    ) {
        eventLoop.preconditionInEventLoop()
        let state = state(for: eventLoop)
        let call = GRPCServerCall(
            connection: GRPCServerConnection(state: state, receiver: receiver), stream: nil)
        var path = path
        guard let index = path.withUTF8({ state.table.find(UnsafeRawBufferPointer($0)) }) else {
            preconditionFailure("a call names a method of its server: \(path)")
        }
        call.methodIndex = index
        for (name, value) in metadata { call.keep(name, value) }
        call.deadline = deadline
        open(call)
        call.startInProcess()
    }
}

extension GRPCServerCall {
    /// Whether the handler receives messages; while it does not, sent ones are held.
    package var isReceiving: Bool { held == nil && !holdsMessages }

    /// Sends a message of the request to a call of this process.
    package func receiveInProcess(_ message: [UInt8]) {
        let prefix = [UInt8](unsafeUninitializedCapacity: GRPCMessageReader.prefixBytes) {
            GRPCServerCall.writePrefix(message.count, to: UnsafeMutableRawBufferPointer($0))
            $1 = GRPCMessageReader.prefixBytes
        }
        prefix.withUnsafeBytes { streamReceivedData($0) }
        message.withUnsafeBytes { streamReceivedData($0) }
    }

    fileprivate func keep(_ name: String, _ value: String) {
        var (name, value) = (name, value)
        name.withUTF8 { name in
            let name = UnsafeRawBufferPointer(name)
            guard state.keptNames.contains(name), !metadata.contains(name) else { return }
            value.withUTF8 { metadata.append(name: name, value: UnsafeRawBufferPointer($0)) }
        }
    }

    fileprivate func startInProcess() {
        hasHeaders = true
        hasSentHeaders = true
        if let deadline, deadline <= loop.now {
            isClosed = true
            connection.receiver?.receiveEnd(.deadlineExceeded)
        } else {
            start()
        }
    }
}

/// The other way for what a call without a stream sends.
extension GRPCServerCall {
    /// Counts a message to this process; nil if the call has ended or has no receiver.
    private func prepareInProcess(_ lengthBytes: Int) -> (any GRPCCallReceiver)? {
        guard !isClosed, stream == nil, let receiver = connection.receiver else { return nil }
        state.countSent(methodIndex, messages: isUnary ? 0 : 1, bytes: lengthBytes)
        responseBytes += lengthBytes
        return receiver
    }

    func sendInProcess(_ lengthBytes: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let receiver = prepareInProcess(lengthBytes) else { return }
        receiver.receive(
            [UInt8](unsafeUninitializedCapacity: lengthBytes) { memory, count in
                fill(
                    UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(memory)[
                            ..<lengthBytes]))
                count = lengthBytes
            })
    }

    func sendInProcess(_ source: any HTTP2BodySource, lengthBytes: Int) {
        prepareInProcess(lengthBytes)?.receive(source, lengthBytes: lengthBytes)
    }
}
