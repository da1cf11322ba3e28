internal import HTTP2
package import MonotonicClock
internal import NIOCore

/// A streaming call for Swift concurrency: messages are an asynchronous sequence.
///
/// A slow reader stops window updates, so that about one window of messages is buffered at most.
package final class GRPCClientStream: Sendable {
    /// The server's messages; ends with the status OK, throws a `GRPCStatus` otherwise.
    package struct Messages: AsyncSequence, Sendable {
        package typealias Element = [UInt8]
        let core: GRPCClientStreamCore

        package struct Iterator: AsyncIteratorProtocol {
            let core: GRPCClientStreamCore
            package func next() async throws -> [UInt8]? { try await core.next() }
        }

        package func makeAsyncIterator() -> Iterator { Iterator(core: core) }
    }

    private let core: GRPCClientStreamCore

    init(core: GRPCClientStreamCore) {
        self.core = core
    }

    /// The server's messages, for one reader.
    package var messages: Messages { Messages(core: core) }
    /// Sends one message.
    package func send(_ message: [UInt8]) { core.perform { $0.send(message) } }
    /// Ends the client's side: no more messages follow.
    package func halfClose() { core.perform { $0.halfClose() } }
    /// Ends the call immediately.
    package func cancel() { core.perform { $0.cancel() } }
}

/// The state of a `GRPCClientStream` on the event loop.
final class GRPCClientStreamCore: @unchecked Sendable, GRPCClientCallHandler {
    // All state is used on eventLoop only.
    let eventLoop: any EventLoop
    private var call: GRPCClientCall?
    private var waiting: [[UInt8]] = []
    private var firstWaiting = 0
    private var waitingBytes = 0
    private var end: Result<[UInt8]?, any Error>?
    private var reader: EventLoopPromise<[UInt8]?>?

    /// Buffered bytes at which window updates stop.
    private static let pauseBytes = 256 << 10

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func start(_ open: @escaping @Sendable (GRPCClientStreamCore) -> GRPCClientCall) {
        eventLoop.execute { self.call = open(self) }
    }

    func perform(_ body: @escaping @Sendable (GRPCClientCall) -> Void) {
        eventLoop.execute {
            if let call = self.call { body(call) }
        }
    }

    func next() async throws -> [UInt8]? {
        let promise = eventLoop.makePromise(of: [UInt8]?.self)
        return try await withTaskCancellationHandler {
            eventLoop.execute { self.read(promise) }
            return try await promise.futureResult.get()
        } onCancel: {
            perform { $0.cancel() }
        }
    }

    private func read(_ promise: EventLoopPromise<[UInt8]?>) {
        guard firstWaiting == waiting.count else { return deliverWaiting(promise) }
        if let end { return promise.completeWith(end) }
        precondition(reader == nil, "a stream has one reader")
        reader = promise
    }

    private func deliverWaiting(_ promise: EventLoopPromise<[UInt8]?>) {
        let message = waiting[firstWaiting]
        waiting[firstWaiting] = []
        firstWaiting += 1
        waitingBytes -= message.count
        if firstWaiting == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            firstWaiting = 0
            call?.resumeReceiving()
        }
        promise.succeed(message)
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        if let reader {
            self.reader = nil
            return reader.succeed(message)
        }
        waiting.append(message)
        waitingBytes += message.count
        if waitingBytes > Self.pauseBytes { call.pauseReceiving() }
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        let result: Result<[UInt8]?, any Error> =
            status.code == .ok ? .success(nil) : .failure(status)
        end = result
        self.call = nil
        let reader = reader
        self.reader = nil
        reader?.completeWith(result)
    }
}

extension GRPCClientConnection {
    /// Starts a streaming call. From any thread.
    package func openStream(
        path: String, metadata: [(String, String)] = [], timeout: TimeSpan? = nil
    ) -> GRPCClientStream {
        let core = GRPCClientStreamCore(eventLoop: eventLoop)
        core.start { core in
            self.openCall(
                path: path, metadata: metadata, timeout: timeout,
                handler: core)
        }
        return GRPCClientStream(core: core)
    }
}
