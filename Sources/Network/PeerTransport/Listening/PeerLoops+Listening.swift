package import NIOCore
import Synchronization

// One loop listens, and another one when that is used for something else.
extension PeerLoops {
    /// Listens on the handshake loop, whichever that is, until `stopListening`.
    ///
    /// - Parameter listen: called for each loop that becomes the handshake loop, after the channel
    ///   that listened before was closed. All must accept from the same socket
    ///   (`ListeningSocket`).
    package func listen(_ listen: @escaping Listen) async throws {
        let loop = handshakeLoop
        let channel = try await listen(loop).get()
        let (number, target) = state.withLock { state in
            state.listeners.append(Listener(listen: listen, channel: channel))
            return (state.listeners.count - 1, state.handshakeLoop)
        }
        // The first listener may have accepted a stream meanwhile.
        if target !== loop { move(number, to: target) }
    }

    /// Accepts no more connections.
    package func stopListening() async {
        let channels = state.withLock { state in
            state.isStopped = true
            defer { state.listeners = [] }
            return state.listeners.compactMap(\.channel)
        }
        for channel in channels { try? await channel.close().get() }
    }

    /// Closes the channel of a listener and opens one on another loop: two channels that accept from
    /// one socket at a time would wake each other in vain, which SwiftNIO does not expect. Meanwhile
    /// connections wait in the backlog.
    func move(_ number: Int, to loop: any EventLoop) {
        let channel = state.withLock { state in
            state.isStopped ? nil : state.listeners[number].channel.take()
        }
        guard let channel else { return listen(number, on: loop) }
        channel.close().whenComplete { _ in self.listen(number, on: loop) }
    }

    private func listen(_ number: Int, on loop: any EventLoop) {
        guard let listen = state.withLock({ $0.listen(number, on: loop) }) else { return }
        listen(loop).whenComplete { result in
            switch result {
            case .success(let channel):
                let unused = self.state.withLock { $0.opened(channel, number) }
                unused?.close(promise: nil)
                // The handshakes may have moved on meanwhile.
                let current = self.handshakeLoop
                if current !== loop { self.move(number, to: current) }
            case .failure:
                // The process is out of descriptors.
                self.state.withLock { $0.failed(number) }
                loop.scheduleTask(in: Self.retryTime) {
                    self.listen(number, on: self.handshakeLoop)
                }
            }
        }
    }
}

extension PeerLoops.State {
    /// What opens a listener on the loop; nil if that is not the handshake loop, or if a channel is
    /// open or being opened.
    fileprivate mutating func listen(
        _ number: Int, on loop: any EventLoop
    ) -> PeerLoops.Listen? {
        guard !isStopped, self.number(of: loop) == table.handshakeLoop,
            listeners[number].channel == nil, !listeners[number].isOpening
        else { return nil }
        listeners[number].isOpening = true
        return listeners[number].listen
    }

    /// A listener is open. Returns the channel if it is not needed any more.
    fileprivate mutating func opened(
        _ channel: any Channel, _ number: Int
    ) -> (any Channel)? {
        guard !isStopped else { return channel }
        listeners[number].isOpening = false
        listeners[number].channel = channel
        return nil
    }

    fileprivate mutating func failed(_ number: Int) {
        if !isStopped { listeners[number].isOpening = false }
    }
}
