internal import HTTP2
package import MonotonicClock
package import NIOCore

/// Why a unary call failed.
package struct GRPCCallFailure: Error, Sendable {
    package let status: GRPCStatus
    /// Whether the server has certainly not seen the request: it may be sent again.
    package let isUnprocessed: Bool
}

/// Collects the single response of a unary call.
private final class SingleResponse: GRPCClientCallHandler {
    private var message: [UInt8]?
    private var completion: ((Result<[UInt8], GRPCCallFailure>) -> Void)?

    init(_ completion: @escaping (Result<[UInt8], GRPCCallFailure>) -> Void) {
        self.completion = completion
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        guard self.message == nil else {
            return call.cancel(GRPCStatus(.internal, "received more than one response message"))
        }
        self.message = message
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        let completion = completion
        self.completion = nil
        guard status.code == .ok else {
            let failure = GRPCCallFailure(status: status, isUnprocessed: call.isUnprocessed)
            completion?(.failure(failure))
            return
        }
        guard let message else {
            let missing = GRPCStatus(.internal, "received no response message")
            completion?(.failure(GRPCCallFailure(status: missing, isUnprocessed: false)))
            return
        }
        completion?(.success(message))
    }
}

/// A unary call that a task waits for.
private final class AwaitedCall: @unchecked Sendable {  // used on its event loop only
    typealias Response = Result<[UInt8], GRPCCallFailure>

    private var call: GRPCClientCall?
    private var isCancelled = false

    func start(
        _ continuation: CheckedContinuation<Response, Never>,
        _ open: (@escaping (Response) -> Void) -> GRPCClientCall
    ) {
        guard !isCancelled else {
            let failure = GRPCCallFailure(status: .canceled, isUnprocessed: true)
            return continuation.resume(returning: .failure(failure))
        }
        call = open { response in
            self.call = nil
            continuation.resume(returning: response)
        }
    }

    func cancel() {
        isCancelled = true
        call?.cancel()
    }
}

extension GRPCClientConnection {
    /// Makes a unary call; `completion` is called once, on the event loop. Call on the event loop.
    @discardableResult
    package func startUnary(
        path: String, message: [UInt8], metadata: [(String, String)] = [],
        timeout: TimeSpan? = nil,
        completion: @escaping (Result<[UInt8], GRPCStatus>) -> Void
    ) -> GRPCClientCall {
        openUnary(path, message, metadata, timeout) { completion($0.mapError(\.status)) }
    }

    /// As `startUnary`, with what a repetition of the call depends on.
    package func openUnary(
        _ path: String, _ message: [UInt8], _ metadata: [(String, String)], _ timeout: TimeSpan?,
        _ completion: @escaping (Result<[UInt8], GRPCCallFailure>) -> Void
    ) -> GRPCClientCall {
        let call = openCall(
            path: path, metadata: metadata, timeout: timeout, handler: SingleResponse(completion))
        call.send(message)
        call.halfClose()
        return call
    }

    /// Makes a unary call; the future fails with a `GRPCStatus`. From any thread.
    package func unary(
        path: String, message: [UInt8], metadata: [(String, String)] = [],
        timeout: TimeSpan? = nil
    ) -> EventLoopFuture<[UInt8]> {
        let promise = eventLoop.makePromise(of: [UInt8].self)
        eventLoop.execute {
            self.startUnary(
                path: path, message: message, metadata: metadata,
                timeout: timeout
            ) { promise.completeWith($0.mapError { $0 as any Error }) }
        }
        return promise.futureResult
    }

    /// Makes a unary call and waits for the response; cancelling the task cancels the call.
    package func response(
        path: String, message: [UInt8], metadata: [(String, String)] = [],
        timeout: TimeSpan? = nil
    ) async throws(GRPCCallFailure) -> [UInt8] {
        let awaited = AwaitedCall()
        let response = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                eventLoop.execute {
                    awaited.start(continuation) { completion in
                        self.openUnary(path, message, metadata, timeout, completion)
                    }
                }
            }
        } onCancel: {
            eventLoop.execute { awaited.cancel() }
        }
        return try response.get()
    }

    /// As `response`, with a `GRPCStatus` for the failure.
    package func call(
        path: String, message: [UInt8], metadata: [(String, String)] = [],
        timeout: TimeSpan? = nil
    ) async throws(GRPCStatus) -> [UInt8] {
        do throws(GRPCCallFailure) {
            return try await response(
                path: path, message: message, metadata: metadata, timeout: timeout)
        } catch {
            throw error.status
        }
    }
}
