package import GRPC
internal import MonotonicClock
package import NIOCore
internal import StatusCodes

/// Sends the spans of a queue to a collector, over OTLP and gRPC.
///
/// It sends a batch when the queue has enough spans, and at the latest after an interval. One batch
/// is under way at a time; one that the collector could not take is sent again. What does not fit
/// the queue meanwhile is dropped there. Owned by its event loop.
package final class SpanExporter: @unchecked Sendable {
    /// Whether the collector takes spans; reported when it changes.
    package enum State: Sendable, Equatable {
        case exporting
        case failing(String)
    }

    private static let batchSpansMax = 512
    private static let interval = TimeAmount.seconds(1)
    private static let timeout = TimeSpan.seconds(10)
    /// The time for the last spans when the member stops.
    private static let flushTime = TimeAmount.seconds(5)

    private let host: String
    private let port: Int
    private let resource: TraceResource
    private let queue: SpanQueue
    private let loop: any EventLoop
    private let report: @Sendable (State) -> Void
    private var state = State.exporting
    private var connection: GRPCClientConnection?
    private var batch: [Span] = []
    private var isSending = false
    private var timer: RepeatedTask?
    /// Completed when the queue is empty, or an export fails.
    private var flushed: EventLoopPromise<Void>?

    /// - Parameters:
    ///   - report: called on the event loop.
    package init(
        host: String, port: Int, resource: TraceResource, queue: SpanQueue,
        on loop: any EventLoop, report: @escaping @Sendable (State) -> Void
    ) {
        self.host = host
        self.port = port
        self.resource = resource
        self.queue = queue
        self.loop = loop
        self.report = report
    }

    package func start() {
        loop.execute {
            self.timer = self.loop.scheduleRepeatedTask(
                initialDelay: Self.interval, delay: Self.interval
            ) { _ in self.sendNext() }
        }
    }

    /// Sends what waits and closes the connection.
    package func stop() async {
        let stopped = loop.flatSubmit {
            self.timer?.cancel()
            let promise = self.loop.makePromise(of: Void.self)
            self.flushed = promise
            let deadline = self.loop.scheduleTask(in: Self.flushTime) { self.endFlush() }
            self.sendNext()
            return promise.futureResult.flatMap { () -> EventLoopFuture<Void> in
                deadline.cancel()
                return self.connection?.close() ?? self.loop.makeSucceededVoidFuture()
            }
        }
        // A connection that ends with an error is closed as well.
        try? await stopped.get()
    }

    private func endFlush() {
        flushed?.succeed()
        flushed = nil
    }

    // MARK: - Batches

    private func sendNext() {
        guard !isSending else { return }
        if batch.isEmpty { batch = queue.take(Self.batchSpansMax) }
        guard !batch.isEmpty else { return endFlush() }
        isSending = true
        connected().whenComplete { result in
            switch result {
            case .success(let connection): self.send(over: connection)
            case .failure(let error): self.ended(.failure(GRPCStatus(.unavailable, "\(error)")))
            }
        }
    }

    private func connected() -> EventLoopFuture<GRPCClientConnection> {
        if let connection, connection.isUsable { return loop.makeSucceededFuture(connection) }
        return GRPCClientConnection.connect(
            host: host, port: port, on: loop, timeout: Self.timeout
        ).map { connection in
            self.connection = connection
            return connection
        }
    }

    private func send(over connection: GRPCClientConnection) {
        let message = ExportRequest.encode(batch, of: resource)
        connection.startUnary(path: ExportRequest.path, message: message, timeout: Self.timeout) {
            self.ended($0)
        }
    }

    private func ended(_ result: Result<[UInt8], GRPCStatus>) {
        isSending = false
        switch result {
        case .success:
            queue.countExported(batch.count)
            batch = []
            change(to: .exporting)
            // A full batch means that more may wait.
            if flushed != nil || queue.count >= Self.batchSpansMax { sendNext() }
        case .failure(let status):
            if !Self.mayRepeat(status.code) {
                queue.countDropped(batch.count)
                batch = []
            }
            change(to: .failing(status.message))
            endFlush()
        }
    }

    /// The codes after which OTLP lets a client send the same again.
    private static func mayRepeat(_ code: StatusCode) -> Bool {
        switch code {
        case .canceled, .deadlineExceeded, .resourceExhausted, .aborted, .outOfRange, .unavailable,
            .dataLoss:
            true
        default: false
        }
    }

    private func change(to next: State) {
        defer { state = next }
        switch (state, next) {
        case (.exporting, .failing), (.failing, .exporting): report(next)
        case (.exporting, .exporting), (.failing, .failing): break
        }
    }
}
