import NIOCore
import NIOHTTP1

/// The responses of the JSON gateway over HTTP/1.
extension HTTPConnection: HTTPResponseOutput {
    var isFullDuplex: Bool { false }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func send(_ response: HTTPResponse) {
        guard let context, case .exchanging(let head, _, _) = state else { return }
        send(response, to: head, context)
    }

    /// The encoder sends a body without a length in chunks; to a client of HTTP/1.0, which does not
    /// know them, it ends with the connection.
    func begin(_ response: HTTPResponse) {
        guard let context, case .exchanging(let head, _, _) = state else { return }
        var headers = response.headersWithDate()
        if !keepsAlive(head) { headers.add(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(
                .head(
                    HTTPResponseHead(
                        version: head.version, status: response.status, headers: headers))),
            promise: nil)
    }

    func write(_ bytes: [UInt8]) {
        guard let context, case .exchanging = state else { return }
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    func end() {
        guard let context, case .exchanging(let head, _, _) = state else { return }
        end(context, keepsAlive: keepsAlive(head))
    }

    func abort() {
        guard let context, case .exchanging = state else { return }
        state = .closing
        context.close(promise: nil)
    }

    private func keepsAlive(_ head: HTTPRequestHead) -> Bool {
        head.isKeepAlive && head.version != .http1_0
    }
}
