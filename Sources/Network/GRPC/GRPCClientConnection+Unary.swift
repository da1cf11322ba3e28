internal import HTTP2
package import MonotonicClock
package import NIOCore

/// Collects the single response of a unary call.
private final class SingleResponse: GRPCClientCallHandler {
    private var message: [UInt8]?
    private var completion: ((Result<[UInt8], GRPCStatus>) -> Void)?

    init(_ completion: @escaping (Result<[UInt8], GRPCStatus>) -> Void) {
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
        guard status.code == .ok else { completion?(.failure(status)); return }
        guard let message else {
            let missing = GRPCStatus(.internal, "received no response message")
            completion?(.failure(missing))
            return
        }
        completion?(.success(message))
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
        let call = openCall(
            path: path, metadata: metadata, timeout: timeout,
            handler: SingleResponse(completion))
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
    package func call(
        path: String, message: [UInt8], metadata: [(String, String)] = [],
        timeout: TimeSpan? = nil
    ) async throws -> [UInt8] {
        let stream = openStream(
            path: path, metadata: metadata, timeout: timeout)
        stream.send(message)
        stream.halfClose()
        var response: [UInt8]?
        for try await message in stream.messages { response = message }
        guard let response else { throw GRPCStatus(.internal, "received no response message") }
        return response
    }
}
