import NIOCore
import NIOHTTP1

/// Collects a whole response, up to a limit.
final class ResponseCollector: ResponseReceiver {
    private let bytesMax: Int
    private let complete: (Result<PeerResponse, PeerConnectionError>) -> Void
    private var response = PeerResponse(status: 0)
    private var isComplete = false
    /// Whether the response head has arrived.
    private(set) var hasBegun = false

    init(
        bytesMax: Int, complete: @escaping (Result<PeerResponse, PeerConnectionError>) -> Void
    ) {
        self.bytesMax = bytesMax
        self.complete = complete
    }

    func receive(_ head: HTTPResponseHead) {
        hasBegun = true
        response.status = Int(head.status.code)
        response.headers = head.headers
    }

    func receive(_ body: ByteBuffer) {
        guard response.body.count + body.readableBytes <= bytesMax else {
            return finish(.failure(.responseTooLong(bytesMax: bytesMax)))
        }
        response.body.append(contentsOf: body.readableBytesView)
    }

    func ended() { finish(.success(response)) }

    func failed(_ error: PeerConnectionError) { finish(.failure(error)) }

    private func finish(_ result: Result<PeerResponse, PeerConnectionError>) {
        guard !isComplete else { return }
        isComplete = true
        complete(result)
    }
}
