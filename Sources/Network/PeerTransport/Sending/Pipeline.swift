import EtcdAPI
import MonotonicClock
import NIOCore
import NIOHTTP1
import Raft

/// Posts messages individually, a few concurrently, on kept-alive connections. Used for all
/// messages while there are no streams.
final class Pipeline: @unchecked Sendable {  // owned by contact.loop
    private let contact: PeerContact
    private var posting = 0
    private var idle: [OutgoingConnection] = []
    private var busy: [ObjectIdentifier: OutgoingConnection] = [:]

    /// Limit on the body of a response: error texts are short.
    private static let responseBytesMax = 64 << 10

    init(_ contact: PeerContact) { self.contact = contact }

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

    func closeIdle() {
        for connection in idle {
            connection.onIdleEnd = nil
            connection.close(.stopped)
        }
        idle = []
    }

    func stop() {
        closeIdle()
        for connection in busy.values { connection.close(.stopped) }
        busy = [:]
    }
}

// Exchanges on kept-alive connections.
extension Pipeline {
    typealias Completion = (Result<PeerResponse, PeerConnectionError>) -> Void

    /// One request with its whole response. If the other side has closed a kept-alive connection
    /// meanwhile, the request is retried once on a new connection.
    func exchange(
        _ method: HTTPMethod, _ path: String, _ headers: [(String, String)],
        _ body: ByteBuffer?, to url: PeerURL, completion: @escaping Completion
    ) {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: url.authority)
        if let body {
            head.headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
        head.headers.add(contentsOf: headers)
        if let kept = keptConnection(to: url) {
            run(head, body, on: kept, isKept: true, completion)
        } else {
            connect(head, body, url, completion)
        }
    }

    private func connect(
        _ head: HTTPRequestHead, _ body: ByteBuffer?, _ url: PeerURL,
        _ completion: @escaping Completion
    ) {
        let configuration = contact.environment.configuration
        let rest = NIOLoopBound((head, body, completion), eventLoop: contact.loop)
        OutgoingConnection.connect(
            to: url, on: contact.loop, limits: configuration.dialLimits, timeouts: .init(),
            dialing: configuration.dialing
        ).whenComplete { [self] result in
            let (head, body, completion) = rest.value
            switch result {
            case .success(let connection):
                run(head, body, on: connection, isKept: false, completion)
            case .failure(let error):
                completion(.failure((error as? PeerConnectionError) ?? .closed))
            }
        }
    }

    private func run(
        _ head: HTTPRequestHead, _ body: ByteBuffer?, on connection: OutgoingConnection,
        isKept: Bool, _ completion: @escaping Completion
    ) {
        if contact.isStopped {
            connection.close(.stopped)
            return completion(.failure(.stopped))
        }
        busy[ObjectIdentifier(connection)] = connection
        let limit = contact.loop.scheduleTask(
            in: TimeAmount(contact.environment.configuration.responseTimeout)
        ) { connection.close(.responseTimeout) }
        var hasBegun: () -> Bool = { false }
        let collector = ResponseCollector(bytesMax: Self.responseBytesMax) { [self] result in
            limit.cancel()
            busy[ObjectIdentifier(connection)] = nil
            if isKept, case .failure(.closed) = result, !hasBegun(), !contact.isStopped {
                return connect(head, body, connection.url, completion)
            }
            keep(connection)
            completion(result)
        }
        hasBegun = { [unowned collector] in collector.hasBegun }
        connection.begin(head, isComplete: body == nil, receiver: collector)
        if let body {
            connection.write(body)
            connection.endRequest()
        }
    }

    /// The other side closes connections that are idle for its read timeout: those that may be
    /// about to close are not used.
    private func keptConnection(to url: PeerURL) -> OutgoingConnection? {
        let age = TimeAmount(contact.environment.configuration.readTimeout * 4 / 5)
        let oldest = NIODeadline.now() - age
        while let connection = idle.popLast() {
            connection.onIdleEnd = nil
            if connection.isUsable, connection.url == url, connection.idleSince > oldest {
                return connection
            }
            connection.close(.stopped)
        }
        return nil
    }

    private func keep(_ connection: OutgoingConnection) {
        guard connection.isUsable, !contact.isStopped,
            idle.count < contact.environment.configuration.limits.concurrentPostsMax
        else { return connection.close(.stopped) }
        connection.onIdleEnd = { [weak self, unowned connection] in
            self?.idle.removeAll { $0 === connection }
        }
        idle.append(connection)
    }
}
