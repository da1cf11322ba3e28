internal import HTTP2
package import MonotonicClock
internal import NIOCore
internal import Synchronization

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

    /// The next message, nil after the status OK. One reader at a time; cancelling its task cancels
    /// the call.
    package func next() async throws(GRPCStatus) -> [UInt8]? { try await core.next() }

    /// Sends one message.
    package func send(_ message: [UInt8]) { core.perform { $0.send(message) } }
    /// Ends the client's side: no more messages follow.
    package func halfClose() { core.perform { $0.halfClose() } }
    /// Ends the call immediately; its reader receives the status.
    package func cancel(_ status: GRPCStatus = .canceled) { core.perform { $0.cancel(status) } }
}

/// What a `GRPCClientStream` has received and its reader has not taken.
private struct ReceivedMessages {
    typealias Reader = CheckedContinuation<Result<[UInt8]?, GRPCStatus>, Never>

    var end: Result<[UInt8]?, GRPCStatus>?
    var reader: Reader?
    var isPaused = false
    private var waiting: [[UInt8]] = []
    private var firstWaiting = 0
    private(set) var bytes = 0

    var isEmpty: Bool { firstWaiting == waiting.count }

    mutating func takeReader() -> Reader? {
        defer { reader = nil }
        return reader
    }

    mutating func append(_ message: [UInt8]) {
        waiting.append(message)
        bytes += message.count
    }

    /// The next message or the end, if it is there.
    mutating func take() -> Result<[UInt8]?, GRPCStatus>? {
        guard !isEmpty else { return end }
        let message = waiting[firstWaiting]
        waiting[firstWaiting] = []
        firstWaiting += 1
        bytes -= message.count
        if isEmpty {
            waiting.removeAll(keepingCapacity: true)
            firstWaiting = 0
        }
        return .success(message)
    }
}

/// Passes messages from the event loop to the reader, which takes them without a change of thread
/// as long as there are any.
final class GRPCClientStreamCore: @unchecked Sendable, GRPCClientCallHandler {
    private let eventLoop: any EventLoop
    private let received = Mutex(ReceivedMessages())
    /// Used on the event loop only: the reason for `@unchecked`.
    private var call: GRPCClientCall?

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

    func next() async throws(GRPCStatus) -> [UInt8]? {
        if let message = take() { return try message.get() }
        let message = await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                if let message = take(orWaitAs: reader) { reader.resume(returning: message) }
            }
        } onCancel: {
            perform { $0.cancel() }
        }
        return try message.get()
    }

    /// The next message or the end, if it is there. Without it `reader` waits.
    private func take(
        orWaitAs reader: ReceivedMessages.Reader? = nil
    ) -> Result<[UInt8]?, GRPCStatus>? {
        typealias Taken = (message: Result<[UInt8]?, GRPCStatus>?, resumes: Bool)
        let (message, resumes) = received.withLock { received -> Taken in
            guard let message = received.take() else {
                precondition(received.reader == nil, "a stream has one reader")
                received.reader = reader
                return (nil, false)
            }
            let resumes = received.isPaused && received.isEmpty
            if resumes { received.isPaused = false }
            return (message, resumes)
        }
        if resumes { perform { $0.resumeReceiving() } }
        return message
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        typealias Waiting = (reader: ReceivedMessages.Reader?, pauses: Bool)
        let (reader, pauses) = received.withLock { received -> Waiting in
            if let reader = received.takeReader() { return (reader, false) }
            received.append(message)
            let pauses = received.bytes > Self.pauseBytes && !received.isPaused
            if pauses { received.isPaused = true }
            return (nil, pauses)
        }
        if pauses { call.pauseReceiving() }
        reader?.resume(returning: .success(message))
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        self.call = nil
        let end: Result<[UInt8]?, GRPCStatus> =
            status.code == .ok ? .success(nil) : .failure(status)
        let reader = received.withLock { received in
            received.end = end
            return received.takeReader()
        }
        reader?.resume(returning: end)
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
