internal import GRPC
internal import HTTP2
internal import MonotonicClock
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
    private var endTime = MonotonicTime.distantFuture
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
        let now = MonotonicTime(.now())
        isRunning = true
        result.beganAt = now
        if options.total == 0 { endTime = now + options.runTime }
        if options.ratePerSecond > 0 {
            let putsPerSecond = options.ratePerSecond / Double(options.watchers)
            pacing = Pacing(ratePerSecond: putsPerSecond, beganAt: now)
        }
        proceed(at: now)
        scheduleDuePuts()
    }

    /// Begins the puts that may begin, and ends the run when all are done.
    private func proceed(at now: MonotonicTime) {
        guard isRunning else { return }
        while let due = nextPut(at: now) { beginPut(due: due) }
        if putsBegun * options.watchers == result.requests, isLastPutBegun(at: now) { finish() }
    }

    /// The due time of the next put; nil if none may begin now.
    private func nextPut(at now: MonotonicTime) -> MonotonicTime? {
        guard !isLastPutBegun(at: now) else { return nil }
        if pacing != nil { return pacing?.takeDue(by: now, before: endTime) }
        let missing = putsBegun * options.watchers - result.requests
        return missing <= (options.outstandingPuts - 1) * options.watchers ? now : nil
    }

    private func isLastPutBegun(at now: MonotonicTime) -> Bool {
        if options.total > 0 { return putsBegun >= options.total }
        return (pacing?.nextDue ?? now) >= endTime
    }

    private func scheduleDuePuts() {
        let now = MonotonicTime(.now())
        guard isRunning, let pacing, !isLastPutBegun(at: now) else { return }
        eventLoop.scheduleTask(in: TimeAmount(pacing.wait(from: now))) {
            self.proceed(at: MonotonicTime(.now()))
            self.scheduleDuePuts()
        }
    }

    private func beginPut(due: MonotonicTime) {
        putsBegun += 1
        writer?.startUnary(
            path: source.path, message: template.request(key: Self.watchedKey, time: due)
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
    func eventArrived(_ value: UnsafeRawBufferPointer, at now: MonotonicTime) {
        guard value.count >= RequestTemplate.timeSizeBytes else { return }
        let due = MonotonicTime(nanoseconds: value.loadUnaligned(as: Int64.self))
        result.record(due: due, completed: now, bytes: 0, failure: nil)
    }

    func messageArrived(bytes: Int, at now: MonotonicTime) {
        result.bytesReceived += bytes
        proceed(at: now)
    }

    func watchersFailed(_ text: String) { fail(text) }
}
