package import NIOCore
package import NIOHTTP1

/// One-shot requests to other members: `GET /members`, `GET /version`, `POST /leases`.
package enum PeerClient {
    /// Limit on the body of a response.
    private static let responseBytesMax = 16 << 20

    /// Sends one request on its own connection and reads the whole response.
    ///
    /// - Parameters:
    ///   - url: a peer URL; its path is ignored.
    ///   - timeoutMilliseconds: for the whole exchange including the connect.
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
        let limit = loop.scheduleTask(deadline: end) { connection.close(.responseTimeout) }
        let collector = ResponseCollector(limitBytes: responseBytesMax) { result in
            limit.cancel()
            connection.close(.stopped)
            promise.completeWith(result.mapError { $0 as any Error })
        }
        connection.begin(head, isComplete: body.isEmpty, receiver: collector)
        if !body.isEmpty {
            connection.write(ByteBuffer(bytes: body))
            connection.endRequest()
        }
        return promise.futureResult
    }
}
