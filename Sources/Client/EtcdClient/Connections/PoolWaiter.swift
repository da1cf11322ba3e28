internal import Synchronization

/// A call that waits for a connection; the first of success, failure and cancellation counts.
final class PoolWaiter: Sendable {
    typealias Response = Result<ConnectionPool.Lease, EtcdClientError>
    typealias Continuation = CheckedContinuation<Response, Never>

    private enum State {
        case initial
        case waiting(Continuation)
        case completed(Response)
    }

    private let state = Mutex(State.initial)

    func begin(_ continuation: Continuation) {
        let early = state.withLock { state in
            guard case .completed(let response) = state else {
                state = .waiting(continuation)
                return nil as Response?
            }
            return response
        }
        if let early { continuation.resume(returning: early) }
    }

    func succeed(_ lease: ConnectionPool.Lease) { complete(.success(lease)) }
    func fail(_ error: EtcdClientError) { complete(.failure(error)) }

    private func complete(_ response: Response) {
        let continuation = state.withLock { state in
            defer {
                if case .completed = state {} else { state = .completed(response) }
            }
            guard case .waiting(let continuation) = state else { return nil as Continuation? }
            return continuation
        }
        continuation?.resume(returning: response)
    }
}
