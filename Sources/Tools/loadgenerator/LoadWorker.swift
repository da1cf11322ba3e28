internal import GRPC
internal import HTTP2
internal import MonotonicClock
internal import NIOCore

/// The load of one event loop: its connections, its requests and their results.
///
/// Every request uses a slot; a connection has `streams` slots. In a closed loop a slot begins its
/// next request when the previous one completes. In an open loop requests begin when they are due,
/// in any free slot; without a free slot a request waits, and its latency counts from its due time.
final class LoadWorker: @unchecked Sendable {  // used on eventLoop only
    let eventLoop: any EventLoop
    let options: LoadOptions
    let source: RequestSource
    let part: Int
    var slots: [any LoadSlot] = []
    private var keys: KeySequence
    private var quota: Int
    private var endTime = MonotonicTime.distantFuture
    private var pacing: Pacing?
    private var freeSlots: [any LoadSlot] = []
    private var openCalls = 0
    private var isTickScheduled = false
    private var isFinished = false
    private var result = LoadResult()
    private let finished: EventLoopPromise<LoadResult>

    /// Worker `part` of `options.loops`.
    init(options: LoadOptions, part: Int, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.options = options
        self.part = part
        source = RequestSource(options)
        keys = KeySequence(
            keyCount: options.firstKeyCount, isAscending: options.isAscending, part: part,
            parts: options.loops, seed: options.seed)
        quota = options.total == 0 ? .max : Self.share(of: options.total, part, options.loops)
        finished = eventLoop.makePromise()
    }

    private static func share(of total: Int, _ part: Int, _ parts: Int) -> Int {
        total / parts + (part < total % parts ? 1 : 0)
    }

    /// Opens this worker's share of the connections. From any thread.
    func connect() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit {
            let count = Self.share(of: self.options.connections, self.part, self.options.loops)
            return ConnectionGroup.open(
                self.options, count: count, first: self.part, step: self.options.loops,
                on: self.eventLoop
            ).flatMap { connections in
                EventLoopFuture.andAllSucceed(
                    connections.map { self.addSlots(on: $0) }, on: self.eventLoop)
            }
        }
    }

    /// Runs the load; the future succeeds after the last response. From any thread.
    func run() -> EventLoopFuture<LoadResult> {
        eventLoop.execute { self.begin() }
        return finished.futureResult
    }

    private func begin() {
        let now = MonotonicTime(.now())
        result.beganAt = now
        if options.hasPhases {
            result.phases.begin(at: now)
        } else if options.total == 0 {
            endTime = now + options.runTime
        }
        guard options.ratePerSecond > 0 else {
            for slot in slots { beginCall(in: slot, due: now) }
            return
        }
        freeSlots = slots
        pacing = Pacing(
            ratePerSecond: options.ratePerSecond / Double(options.loops), beganAt: now)
        beginDueCalls()
    }

    /// Begins the next phase for requests due from now on. From any thread.
    func beginPhase() {
        eventLoop.execute { self.result.phases.begin(at: MonotonicTime(.now())) }
    }

    /// Stops before requests that are due from now on. From any thread.
    func stop() {
        eventLoop.execute {
            self.endTime = MonotonicTime(.now())
            if self.pacing == nil { self.finishIfIdle() } else { self.beginDueCalls() }
        }
    }

    private func beginDueCalls() {
        let now = MonotonicTime(.now())
        while quota > 0, let slot = freeSlots.last,
            let due = pacing?.takeDue(by: now, before: endTime)
        {
            freeSlots.removeLast()
            beginCall(in: slot, due: due)
        }
        guard let pacing else { return }
        if quota == 0 || pacing.nextDue >= endTime { return finishIfIdle() }
        scheduleTick(in: pacing.wait(from: now))
    }

    /// Without a free slot no tick is needed: the next response begins due calls.
    private func scheduleTick(in wait: TimeSpan) {
        guard !isTickScheduled, !isFinished, !freeSlots.isEmpty else { return }
        isTickScheduled = true
        eventLoop.scheduleTask(in: TimeAmount(wait)) {
            self.isTickScheduled = false
            self.beginDueCalls()
        }
    }

    private func beginCall(in slot: any LoadSlot, due: MonotonicTime) {
        guard quota > 0, slot.isUsable else { return finishIfIdle() }
        quota -= 1
        openCalls += 1
        slot.begin(key: keys.nextKey(), due: due)
    }

    /// Records a request that was due at `due`, and begins the next.
    func ended(
        _ slot: any LoadSlot, due: MonotonicTime, completed: MonotonicTime, bytes: Int,
        failure: String?
    ) {
        openCalls -= 1
        result.record(due: due, completed: completed, bytes: bytes, failure: failure)
        if pacing != nil {
            freeSlots.append(slot)
            beginDueCalls()
        } else {
            let now = MonotonicTime(.now())
            if now < endTime { beginCall(in: slot, due: now) } else { finishIfIdle() }
        }
    }

    private func finishIfIdle() {
        guard openCalls == 0, !isFinished else { return }
        isFinished = true
        finished.succeed(result)
    }
}
