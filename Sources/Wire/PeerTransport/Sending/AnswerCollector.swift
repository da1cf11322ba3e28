import NIOCore
import NIOHTTP1

/// Keeps a whole answer, up to a limit, and hands it on.
final class AnswerCollector: AnswerReceiver {
    private let limitBytes: Int
    private let complete: (Result<PeerResponse, PeerConnectionError>) -> Void
    private var response = PeerResponse(status: 0)
    private var isComplete = false
    /// Whether anything has come.
    private(set) var hasBegun = false

    init(
        limitBytes: Int, complete: @escaping (Result<PeerResponse, PeerConnectionError>) -> Void
    ) {
        self.limitBytes = limitBytes
        self.complete = complete
    }

    func receive(_ head: HTTPResponseHead) {
        hasBegun = true
        response.status = Int(head.status.code)
        response.headers = head.headers
    }

    func receive(_ body: ByteBuffer) {
        guard response.body.count + body.readableBytes <= limitBytes else {
            return finish(.failure(.answerTooLong(limitBytes: limitBytes)))
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
