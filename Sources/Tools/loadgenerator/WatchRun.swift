internal import GRPC
internal import HTTP2
internal import NIOCore

/// Many watchers of one key, and puts of it: the received events are counted.
///
/// The value of each put begins with its due time, so an event's latency is from the due time of
/// the put to the arrival of the event. In a closed loop a put begins when fewer than
/// `outstandingPuts` have not reached all watchers; in an open loop, when it is due.
final class WatchRun: @unchecked Sendable {  // used on eventLoop only
    private static let watchedKey = 0

    let eventLoop: any EventLoop
    private let options: LoadOptions
    private let source: RequestSource
    private let template: RequestTemplate
    private lazy var watchers = WatcherGroup(
        count: options.watchers, on: eventLoop, listener: self)
    private var writer: GRPCClientConnection?
    private var putsBegun = 0
    private var endNanoseconds: UInt64 = .max
    private var pacing: Pacing?
    private var result = LoadResult()
    private var isRunning = false
    private let finished: EventLoopPromise<LoadResult>

    init(options: LoadOptions, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.options = options
        source = RequestSource(options)
        template = RequestTemplate.put(options, withTime: true)
        finished = eventLoop.makePromise()
    }

    /// Opens the connections and waits until every watcher is created. From any thread.
    func connect() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit {
            ConnectionGroup.open(
                self.options, count: self.options.connections + 1, on: self.eventLoop
            ).flatMap { connections in
                self.createWatchers(on: connections)
            }
        }
    }

    private func createWatchers(on connections: [GRPCClientConnection]) -> EventLoopFuture<Void> {
        writer = connections.last
        return watchers.create(on: connections.dropLast(), options: options) { _ in
            Self.watchedKey
        }
    }

    /// Runs the load; the future succeeds when every watcher has every put. From any thread.
    func run() -> EventLoopFuture<LoadResult> {
        eventLoop.execute { self.begin() }
        return finished.futureResult
    }

    private func begin() {
        let now = NIODeadline.now().uptimeNanoseconds
        isRunning = true
        result.beganNanoseconds = now
        if options.total == 0 { endNanoseconds = now + UInt64(options.seconds * 1e9) }
        if options.ratePerSecond > 0 {
            let putsPerSecond = options.ratePerSecond / Double(options.watchers)
            pacing = Pacing(ratePerSecond: putsPerSecond, beganNanoseconds: now)
        }
        proceed(at: now)
        scheduleDuePuts()
    }

    /// Begins the puts that may begin, and ends the run when all are done.
    private func proceed(at now: UInt64) {
        guard isRunning else { return }
        while let due = nextPut(at: now) { beginPut(due: due) }
        if putsBegun * options.watchers == result.requests, isLastPutBegun(at: now) { finish() }
    }

    /// The due time of the next put; nil if none may begin now.
    private func nextPut(at now: UInt64) -> UInt64? {
        guard !isLastPutBegun(at: now) else { return nil }
        if pacing != nil { return pacing?.takeDue(by: now, before: endNanoseconds) }
        let missing = putsBegun * options.watchers - result.requests
        return missing <= (options.outstandingPuts - 1) * options.watchers ? now : nil
    }

    private func isLastPutBegun(at now: UInt64) -> Bool {
        if options.total > 0 { return putsBegun >= options.total }
        return (pacing?.nextDueNanoseconds ?? now) >= endNanoseconds
    }

    private func scheduleDuePuts() {
        let now = NIODeadline.now().uptimeNanoseconds
        guard isRunning, let pacing, !isLastPutBegun(at: now) else { return }
        eventLoop.scheduleTask(in: .nanoseconds(pacing.waitNanoseconds(from: now))) {
            self.proceed(at: NIODeadline.now().uptimeNanoseconds)
            self.scheduleDuePuts()
        }
    }

    private func beginPut(due: UInt64) {
        putsBegun += 1
        writer?.startUnary(
            path: source.path, message: template.request(key: Self.watchedKey, nanoseconds: due)
        ) { result in
            if case .failure(let status) = result { self.fail("put: \(status)") }
        }
    }

    private func fail(_ text: String) {
        result.fail(text)
        finish()
    }

    private func finish() {
        isRunning = false
        finished.succeed(result)
    }
}

extension WatchRun: WatcherGroupListener {
    func eventArrived(_ value: UnsafeRawBufferPointer, at now: UInt64) {
        guard value.count >= RequestTemplate.timeSizeBytes else { return }
        result.record(
            due: value.loadUnaligned(as: UInt64.self), completed: now, bytes: 0, failure: nil)
    }

    func messageArrived(bytes: Int, at now: UInt64) {
        result.bytesReceived += bytes
        proceed(at: now)
    }

    func watchersFailed(_ text: String) { fail(text) }
}
