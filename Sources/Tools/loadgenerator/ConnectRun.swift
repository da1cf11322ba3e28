internal import GRPC
internal import HTTP2
internal import MonotonicClock
internal import NIOCore

/// Connections that are opened and closed again: what an accepted connection, and with TLS its
/// handshake, costs a server. `connections` of them are open at a time.
final class ConnectRun: @unchecked Sendable {  // used on eventLoop only
    private let eventLoop: any EventLoop
    private let options: LoadOptions
    private let loop: HTTP2Loop
    private let finished: EventLoopPromise<LoadResult>
    private var result = LoadResult()
    private var quota: Int
    private var endTime = MonotonicTime.distantFuture
    private var openCount = 0
    private var number = 0

    init(options: LoadOptions, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.options = options
        loop = HTTP2Loop(eventLoop: eventLoop)
        quota = options.total == 0 ? .max : options.total
        finished = eventLoop.makePromise()
    }

    /// Opens connections until the total or the time is reached. From any thread.
    func run() -> EventLoopFuture<LoadResult> {
        eventLoop.execute { self.begin() }
        return finished.futureResult
    }

    private func begin() {
        let now = MonotonicTime(.now())
        result.beganAt = now
        if options.total == 0 { endTime = now + options.runTime }
        for _ in 0..<options.connections { open() }
    }

    private func open() {
        let began = MonotonicTime(.now())
        guard quota > 0, began < endTime else {
            if openCount == 0 { finished.succeed(result) }
            return
        }
        quota -= 1
        openCount += 1
        let endpoint = options.endpoint(of: number)
        number += 1
        GRPCClientConnection.connect(
            host: endpoint.host, port: endpoint.port, on: eventLoop, loop: loop, tls: options.tls
        ).flatMap { connection in
            connection.close()
        }.whenComplete { opened in
            var failure: String?
            if case .failure(let error) = opened { failure = "\(error)" }
            self.result.record(
                due: began, completed: MonotonicTime(.now()), bytes: 0,
                failure: failure)
            self.openCount -= 1
            self.open()
        }
    }
}
