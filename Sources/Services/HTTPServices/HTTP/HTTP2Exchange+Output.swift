import HTTP2

/// The responses of the JSON gateway over HTTP/2.
extension HTTP2Exchange: HTTPResponseOutput {
    var isFullDuplex: Bool { true }

    var isWritable: Bool { stream?.isWritable ?? false }

    func send(_ response: HTTPResponse) {
        guard case .exchanging = state else { return }
        respond(response)
    }

    func begin(_ response: HTTPResponse) {
        guard case .exchanging = state else { return }
        stream?.submitHeaders(response.http2HeaderBlock(hasLength: false))
    }

    func write(_ bytes: [UInt8]) {
        guard case .exchanging = state, let stream else { return }
        guard stream.hasMemory(for: bytes.count) else { return end(.enhanceYourCalm) }
        stream.write(bytes)
    }

    func end() {
        guard case .exchanging = state, let stream else { return }
        awaitClient(stream)
        stream.finish(trailers: nil)
    }

    func abort() {
        guard case .exchanging = state else { return }
        end(.internalError)
    }
}
