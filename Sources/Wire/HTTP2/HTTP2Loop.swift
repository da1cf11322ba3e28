package import NIOCore

/// What the connections of one event loop share: the output buffer, recycled streams, the timers,
/// and the list of connections with something to send.
///
/// Everything here belongs to `eventLoop`. Sharing keeps an idle connection small: it owns no
/// buffer and no timer of its own.
///
/// Sending: whoever submits frames outside a connection's own read turn marks it dirty. All dirty
/// connections are flushed together, once each, at the end of `performBatch` or at `flushDirty()`;
/// if nobody calls either, a flush runs at the end of the loop's turn.
package final class HTTP2Loop: @unchecked Sendable {  // owned by eventLoop's thread
    package let eventLoop: any EventLoop
    /// Room for the owner of the loop's calls to keep its own state for this loop.
    package var attachment: AnyObject?

    var output: ByteBuffer
    var freeStreams: [HTTP2Stream] = []
    private var dirty: [HTTP2Connection] = []
    private var flushing: [HTTP2Connection] = []
    private var isFlushScheduled = false
    private var batchDepth = 0
    private var callTimers: TimerWheel
    private var connectionTimers: TimerWheel
    private var callTick: Scheduled<Void>?
    private var connectionTick: Scheduled<Void>?
    private var due: [any TimerWheelEntry] = []
    /// Runs after each turn that `noteReadTurn` was called in. Set once, by the owner of the calls.
    package var onReadTurnComplete: ((HTTP2Loop) -> Void)?
    private var isTurnCompletionScheduled = false

    /// Streams kept for reuse on each loop.
    static let freeStreamsMax = 1024

    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.output = ByteBuffer()
        let now = Self.milliseconds(eventLoop.now)
        callTimers = TimerWheel(tickMilliseconds: 10, slotCount: 512, nowMilliseconds: now)
        connectionTimers = TimerWheel(tickMilliseconds: 500, slotCount: 64, nowMilliseconds: now)
    }

    /// The loop's clock in milliseconds.
    package var nowMilliseconds: Int64 { Self.milliseconds(eventLoop.now) }

    /// A point of the loop's clock in milliseconds.
    package static func milliseconds(_ time: NIODeadline) -> Int64 {
        Int64(bitPattern: time.uptimeNanoseconds / 1_000_000)
    }
}

extension HTTP2Loop {
    /// Runs `body` and then flushes each connection it made dirty, once.
    ///
    /// The way to answer many calls from another thread: one `eventLoop.execute` whose closure
    /// answers all of them inside `performBatch`.
    package func performBatch(_ body: () -> Void) {
        eventLoop.preconditionInEventLoop()
        batchDepth += 1
        body()
        batchDepth -= 1
        flushDirty()
    }

    /// Flushes every dirty connection of this loop now.
    package func flushDirty() {
        eventLoop.preconditionInEventLoop()
        guard batchDepth == 0, flushing.isEmpty, !dirty.isEmpty else { return }
        swap(&dirty, &flushing)
        for connection in flushing {
            connection.isDirty = false
            connection.flush()
        }
        flushing.removeAll(keepingCapacity: true)
        if !dirty.isEmpty { scheduleFlush() }
    }

    func markDirty(_ connection: HTTP2Connection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
        if batchDepth == 0 { scheduleFlush() }
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute {
            self.isFlushScheduled = false
            self.flushDirty()
        }
    }

    /// Has `onReadTurnComplete` run once after the loop has read from all connections that are
    /// ready in this turn.
    package func noteReadTurn() {
        guard !isTurnCompletionScheduled, onReadTurnComplete != nil else { return }
        isTurnCompletionScheduled = true
        eventLoop.execute { self.completeReadTurn() }
    }

    private func completeReadTurn() {
        isTurnCompletionScheduled = false
        performBatch { onReadTurnComplete?(self) }
    }
}

extension HTTP2Loop {
    /// Adds a timer of a call: 10 ms steps.
    package func insertCallTimer(_ entry: any TimerWheelEntry) {
        if callTick == nil {
            callTimers.restart(nowMilliseconds: nowMilliseconds)
            scheduleCallTick()
        }
        callTimers.insert(entry)
    }

    /// Removes a timer of a call, if it is set.
    package func removeCallTimer(_ entry: any TimerWheelEntry) {
        callTimers.remove(entry)
    }

    /// Adds a timer of a connection: half-second steps.
    package func insertConnectionTimer(_ entry: any TimerWheelEntry) {
        if connectionTick == nil {
            connectionTimers.restart(nowMilliseconds: nowMilliseconds)
            scheduleConnectionTick()
        }
        connectionTimers.insert(entry)
    }

    /// Removes a timer of a connection, if it is set.
    package func removeConnectionTimer(_ entry: any TimerWheelEntry) {
        connectionTimers.remove(entry)
    }

    private func scheduleCallTick() {
        callTick = eventLoop.scheduleTask(in: .milliseconds(callTimers.tickMilliseconds)) {
            self.callTimers.takeDue(nowMilliseconds: self.nowMilliseconds, into: &self.due)
            self.fireDue()
            self.callTick = nil
            if self.callTimers.count > 0 { self.scheduleCallTick() }
        }
    }

    private func scheduleConnectionTick() {
        let tick = TimeAmount.milliseconds(connectionTimers.tickMilliseconds)
        connectionTick = eventLoop.scheduleTask(in: tick) {
            self.connectionTimers.takeDue(nowMilliseconds: self.nowMilliseconds, into: &self.due)
            self.fireDue()
            self.connectionTick = nil
            if self.connectionTimers.count > 0 { self.scheduleConnectionTick() }
        }
    }

    private func fireDue() {
        guard !due.isEmpty else { return }
        var entries: [any TimerWheelEntry] = []
        swap(&entries, &due)
        performBatch {
            for entry in entries { entry.timerFired() }
        }
    }
}
