package import MonotonicClock
package import NIOCore
package import NIOHTTP1
import Synchronization

/// Requests of one event loop to other members, on connections that stay open between them.
package final class KeptConnections: @unchecked Sendable {  // owned by `loop`
    typealias Completion = (Result<PeerResponse, PeerConnectionError>) -> Void

    let loop: any EventLoop
    private let configuration: Configuration
    private var idle: [OutgoingConnection] = []
    private var busy: [ObjectIdentifier: OutgoingConnection] = [:]
    private var isStopped = false

    package struct Configuration: Sendable {
        package var dialing: PeerDialing
        package var dialTimeout: TimeSpan
        /// After this time without a request the other side closes a connection.
        package var readTimeout: TimeSpan
        /// Idle connections; more are closed.
        package var idleMax: Int
        /// The body of a response.
        package var responseBytesMax: Int

        package init(
            dialing: PeerDialing, dialTimeout: TimeSpan = .seconds(2),
            readTimeout: TimeSpan = .seconds(5), idleMax: Int = 16,
            responseBytesMax: Int = 16 << 20
        ) {
            self.dialing = dialing
            self.dialTimeout = dialTimeout
            self.readTimeout = readTimeout
            self.idleMax = idleMax
            self.responseBytesMax = responseBytesMax
        }
    }

    package init(on loop: any EventLoop, _ configuration: Configuration) {
        self.loop = loop
        self.configuration = configuration
    }

    func closeIdle() {
        for connection in idle {
            connection.onIdleEnd = nil
            connection.close(.stopped)
        }
        idle = []
    }

    func stop() {
        isStopped = true
        closeIdle()
        for connection in busy.values { connection.close(.stopped) }
        busy = [:]
    }
}

extension KeptConnections {
    /// Posts a body and reads the whole response. Called on any thread.
    ///
    /// - Parameters:
    ///   - url: a peer URL; its path is ignored.
    ///   - limit: for opening a connection, and then for the response.
    /// - Returns: a future on `loop` that fails with a `PeerConnectionError`.
    package func post(
        _ body: [UInt8], _ path: String, headers: HTTPHeaders, to url: String,
        within limit: TimeSpan
    ) -> EventLoopFuture<PeerResponse> {
        let promise = loop.makePromise(of: PeerResponse.self)
        loop.execute { [self] in
            do throws(PeerConnectionError) {
                let url = try PeerURL(url)
                exchange(
                    .POST, path, headers, ByteBuffer(bytes: body), to: url, within: limit,
                    dialDeadline: .now() + TimeAmount(limit)
                ) { promise.completeWith($0.mapError { $0 as any Error }) }
            } catch {
                promise.fail(error)
            }
        }
        return promise.futureResult
    }

    /// One request with its whole response. If the other side has closed a kept connection
    /// meanwhile, the request is retried once on a new connection.
    ///
    /// - Parameter limit: for the response, once there is a connection.
    func exchange(
        _ method: HTTPMethod, _ path: String, _ headers: HTTPHeaders, _ body: ByteBuffer?,
        to url: PeerURL, within limit: TimeSpan, dialDeadline: NIODeadline? = nil,
        completion: @escaping Completion
    ) {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: url.authority)
        if let body {
            head.headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
        head.headers.add(contentsOf: headers)
        let exchange = Exchange(
            head: head, body: body, limit: limit, dialDeadline: dialDeadline,
            completion: completion)
        if let kept = keptConnection(to: url) {
            run(exchange, on: kept, isKept: true)
        } else {
            connect(exchange, url)
        }
    }

    private struct Exchange {
        let head: HTTPRequestHead
        let body: ByteBuffer?
        let limit: TimeSpan
        let dialDeadline: NIODeadline?
        let completion: Completion
    }

    private func connect(_ exchange: Exchange, _ url: PeerURL) {
        let rest = NIOLoopBound(exchange, eventLoop: loop)
        OutgoingConnection.connect(
            to: url, on: loop,
            limits: .init(connect: configuration.dialTimeout, deadline: exchange.dialDeadline),
            timeouts: .init(), dialing: configuration.dialing
        ).whenComplete { [self] result in
            switch result {
            case .success(let connection): run(rest.value, on: connection, isKept: false)
            case .failure(let error):
                rest.value.completion(.failure((error as? PeerConnectionError) ?? .closed))
            }
        }
    }

    private func run(_ exchange: Exchange, on connection: OutgoingConnection, isKept: Bool) {
        if isStopped {
            connection.close(.stopped)
            return exchange.completion(.failure(.stopped))
        }
        busy[ObjectIdentifier(connection)] = connection
        let limit = loop.scheduleTask(in: TimeAmount(exchange.limit)) {
            connection.close(.responseTimeout)
        }
        var hasBegun: () -> Bool = { false }
        let collector = ResponseCollector(bytesMax: configuration.responseBytesMax) {
            [self] result in
            limit.cancel()
            busy[ObjectIdentifier(connection)] = nil
            if isKept, case .failure(.closed) = result, !hasBegun(), !isStopped {
                return connect(exchange, connection.url)
            }
            keep(connection)
            exchange.completion(result)
        }
        hasBegun = { [unowned collector] in collector.hasBegun }
        connection.begin(exchange.head, isComplete: exchange.body == nil, receiver: collector)
        if let body = exchange.body {
            connection.write(body)
            connection.endRequest()
        }
    }

    /// Connections that the other side may be about to close are not used.
    private func keptConnection(to url: PeerURL) -> OutgoingConnection? {
        let oldest = NIODeadline.now() - TimeAmount(configuration.readTimeout * 4 / 5)
        while let index = idle.lastIndex(where: { $0.url == url }) {
            let connection = idle.remove(at: index)
            connection.onIdleEnd = nil
            if connection.isUsable, connection.idleSince > oldest { return connection }
            connection.close(.stopped)
        }
        return nil
    }

    private func keep(_ connection: OutgoingConnection) {
        guard connection.isUsable, !isStopped, idle.count < configuration.idleMax else {
            return connection.close(.stopped)
        }
        connection.onIdleEnd = { [weak self, unowned connection] in
            self?.idle.removeAll { $0 === connection }
        }
        idle.append(connection)
    }
}

/// The kept connections of each event loop.
package final class KeptConnectionsTable: Sendable {
    private let configuration: KeptConnections.Configuration
    private let table = Mutex<[ObjectIdentifier: KeptConnections]>([:])

    package init(_ configuration: KeptConnections.Configuration) {
        self.configuration = configuration
    }

    package func connections(on loop: any EventLoop) -> KeptConnections {
        table.withLock { table in
            if let known = table[ObjectIdentifier(loop)] { return known }
            let connections = KeptConnections(on: loop, configuration)
            table[ObjectIdentifier(loop)] = connections
            return connections
        }
    }
}
