import EtcdAPI
import MonotonicClock
import NIOCore
import NIOHTTP1
import Raft

/// Posts messages individually, a few concurrently, on kept-alive connections. Used for all
/// messages while there are no streams.
final class Pipeline: @unchecked Sendable {  // owned by contact.loop
    private let contact: PeerContact
    private let connections: KeptConnections
    private var posting = 0

    /// Limit on the body of a response: error texts are short.
    private static let responseBytesMax = 64 << 10

    init(_ contact: PeerContact) {
        self.contact = contact
        let configuration = contact.environment.configuration
        connections = KeptConnections(
            on: contact.loop,
            .init(
                dialing: configuration.dialing, dialTimeout: configuration.dialTimeout,
                readTimeout: configuration.readTimeout,
                idleMax: configuration.limits.concurrentPostsMax,
                responseBytesMax: Self.responseBytesMax))
    }

    var hasCapacity: Bool {
        !contact.isStopped && posting < contact.environment.configuration.limits.concurrentPostsMax
    }

    /// Posts a message.
    func post(_ message: Raft.Message, completed: @escaping () -> Void) {
        posting += 1
        let record = RaftMessage(message)
        let size = record.encodedSize
        var body = ByteBuffer()
        body.reserveCapacity(size)
        body.write(record, size: size)
        let headers = [("Content-Type", "application/protobuf")] + contact.identification
        guard let url = contact.urlPicker.current else {
            finish(message, size, .failed("no URL"))
            // Deferred: the caller continues with the next message when this returns.
            let done = NIOLoopBound(completed, eventLoop: contact.loop)
            return contact.loop.execute { done.value() }
        }
        exchange(.POST, "/raft", headers, body, to: url) { [self] result in
            switch result {
            case .success(let response):
                let postResult = contact.postResult(of: response, path: "\(url.text)/raft")
                finish(message, size, postResult)
                if postResult != .accepted { contact.urlPicker.unreachable(url) }
            case .failure(let error):
                finish(message, size, .failed(error.description))
                contact.urlPicker.unreachable(url)
            }
            completed()
        }
    }

    private func finish(_ message: Raft.Message, _ size: Int, _ postResult: PostResult) {
        posting -= 1
        let environment = contact.environment
        guard !contact.isStopped else { return }
        switch postResult {
        case .accepted:
            contact.status.activate()
            environment.statistics.update(contact.id) { $0.sentBytes += size }
            if message.type == .snapshot {
                environment.delegate.reportSnapshot(contact.id, isDelivered: true)
            }
            return
        case .removed:
            environment.delegate.wasRemoved()
            contact.status.deactivate("write", on: "pipeline", PostResult.removedText)
        case .failed(let reason):
            contact.status.deactivate("write", on: "pipeline", reason)
        }
        environment.statistics.update(contact.id) { $0.sendFailures += 1 }
        environment.delegate.reportUnreachable(contact.id)
        if message.type == .snapshot {
            environment.delegate.reportSnapshot(contact.id, isDelivered: false)
        }
    }

    /// One request with its whole response.
    func exchange(
        _ method: HTTPMethod, _ path: String, _ headers: [(String, String)],
        _ body: ByteBuffer?, to url: PeerURL, completion: @escaping KeptConnections.Completion
    ) {
        connections.exchange(
            method, path, HTTPHeaders(headers), body, to: url,
            within: contact.environment.configuration.responseTimeout, completion: completion)
    }

    func closeIdle() { connections.closeIdle() }

    func stop() { connections.stop() }
}
