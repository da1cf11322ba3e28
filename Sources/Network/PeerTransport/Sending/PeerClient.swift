package import MonotonicClock
package import NIOCore
package import NIOHTTP1

/// One-shot requests to other members: `GET /members`, `GET /version`, `POST /leases`.
package enum PeerClient {
    /// Limit on the body of a response.
    private static let responseBytesMax = 16 << 20

    /// A request that failed, with the text of Go's HTTP client:
    /// `Get "https://10.0.0.2:2380/version": EOF`.
    package struct Failure: Error, CustomStringConvertible {
        let method: HTTPMethod
        let address: String
        package let reason: PeerConnectionError

        package var description: String {
            let verb = method.rawValue.prefix(1) + method.rawValue.dropFirst().lowercased()
            return "\(verb) \"\(address)\": \(reason)"
        }
    }

    /// Sends one request on its own connection and reads the whole response.
    ///
    /// - Parameters:
    ///   - url: a peer URL; its path is ignored.
    ///   - timeout: for the whole exchange including the connect.
    /// - Throws: `PeerConnectionError.malformedURL`, otherwise a `Failure`.
    package static func request(
        method: String = "GET", url: String, path: String, headers: HTTPHeaders = [:],
        body: [UInt8] = [], timeout: TimeSpan, group: any EventLoopGroup,
        dialing: PeerDialing = PeerDialing()
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
        let timeout = max(timeout, .milliseconds(1))
        let end = NIODeadline.now() + TimeAmount(timeout)
        do {
            return try await OutgoingConnection.connect(
                to: target, on: loop,
                limits: .init(connect: timeout, deadline: end),
                timeouts: .init(), dialing: dialing
            ).flatMap { connection in
                exchange(request, body, on: connection, loop: loop, end: end)
            }.get()
        } catch let error as PeerConnectionError {
            throw Failure(method: method, address: url + path, reason: error)
        }
    }

    private static func exchange(
        _ head: HTTPRequestHead, _ body: [UInt8], on connection: OutgoingConnection,
        loop: any EventLoop, end: NIODeadline
    ) -> EventLoopFuture<PeerResponse> {
        let promise = loop.makePromise(of: PeerResponse.self)
        let limit = loop.scheduleTask(deadline: end) { connection.close(.deadlineExceeded) }
        let collector = ResponseCollector(bytesMax: responseBytesMax) { result in
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
