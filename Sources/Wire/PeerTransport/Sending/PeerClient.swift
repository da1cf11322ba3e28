package import NIOCore
package import NIOHTTP1

/// One-shot requests to other members: `GET /members`, `GET /version`, `POST /leases`.
package enum PeerClient {
    /// Bytes of an answer that are read.
    private static let answerBytes = 16 << 20

    /// Sends one request on a connection of its own and reads the whole answer.
    ///
    /// - Parameters:
    ///   - url: a peer URL; what follows its address is of no meaning.
    ///   - timeoutMilliseconds: for everything together.
    ///   - encrypt: adds TLS for the named host; without it https URLs are an error.
    package static func request(
        method: String = "GET", url: String, path: String, headers: HTTPHeaders = [:],
        body: [UInt8] = [], timeoutMilliseconds: Int64, group: any EventLoopGroup,
        encrypt: (@Sendable (any Channel, String) throws -> Void)? = nil
    ) async throws -> PeerResponse {
        let target = try PeerURL(url)
        let method = HTTPMethod(rawValue: method)
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: target.authority)
        if !body.isEmpty || method == .POST {
            head.headers.add(name: "Content-Length", value: String(body.count))
        }
        head.headers.add(contentsOf: headers)
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        let request = head
        let loop = group.any()
        let end = NIODeadline.now() + .milliseconds(timeoutMilliseconds)
        return try await OutgoingConnection.connect(
            to: target, on: loop, dialMilliseconds: max(timeoutMilliseconds, 1),
            timeouts: .init(), encrypt: encrypt
        ).flatMap { connection in
            exchange(request, body, on: connection, loop: loop, end: end)
        }.get()
    }

    private static func exchange(
        _ head: HTTPRequestHead, _ body: [UInt8], on connection: OutgoingConnection,
        loop: any EventLoop, end: NIODeadline
    ) -> EventLoopFuture<PeerResponse> {
        let promise = loop.makePromise(of: PeerResponse.self)
        let limit = loop.scheduleTask(deadline: end) { connection.close(.answerTimeout) }
        let collector = AnswerCollector(limitBytes: answerBytes) { result in
            limit.cancel()
            connection.close(.stopped)
            promise.completeWith(result.mapError { $0 as any Error })
        }
        connection.begin(head, isWhole: body.isEmpty, receiver: collector)
        if !body.isEmpty {
            connection.write(ByteBuffer(bytes: body))
            connection.endRequest()
        }
        return promise.futureResult
    }
}
