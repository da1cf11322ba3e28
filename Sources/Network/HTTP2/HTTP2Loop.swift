package import MonotonicClock
package import NIOCore

/// State shared by the connections of one event loop: the output buffer, recycled streams, timers,
/// and the list of connections with unflushed output.
///
/// Owned by `eventLoop`. Sharing keeps an idle connection small: it has no buffer and no timer of
/// its own.
///
/// Flushing: a connection that submits frames outside its own read is marked dirty. All dirty
/// connections are flushed together, once each, at the end of `performBatch` or in `flushDirty()`;
/// without either, at the end of the event loop's tick.
package final class HTTP2Loop: @unchecked Sendable {  // owned by eventLoop's thread
    package let eventLoop: any EventLoop
    /// State of the layer above for this event loop.
    package var attachment: AnyObject?

    var output: ByteBuffer
    /// Memory of the connections of this loop.
    var memory: LoopMemory
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
    /// Runs at the end of each tick in which `scheduleReadTickCompletion` was called. Set once, by
    /// the layer above.
    package var onReadTickComplete: ((HTTP2Loop) -> Void)?
    private var isReadTickCompletionScheduled = false

    /// Maximum number of streams kept for reuse.
    static let freeStreamsMax = 1024

    /// - Parameter budget: shared by all event loops of a server.
    package init(eventLoop: any EventLoop, budget: HTTP2MemoryBudget = HTTP2MemoryBudget()) {
        self.eventLoop = eventLoop
        memory = LoopMemory(budget: budget)
        self.output = ByteBuffer()
        let now = MonotonicTime(eventLoop.now)
        callTimers = TimerWheel(tickInterval: .milliseconds(10), slotCount: 512, now: now)
        connectionTimers = TimerWheel(tickInterval: .milliseconds(500), slotCount: 64, now: now)
    }

    /// The event loop's clock.
    package var now: MonotonicTime { MonotonicTime(eventLoop.now) }
}

extension HTTP2Loop {
    /// Runs `body` and then flushes each connection that it marked dirty, once.
    ///
    /// To respond to many calls from another thread, use one `eventLoop.execute` whose closure
    /// responds to all of them in `performBatch`.
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

    /// Flushes a connection again after the event loop has served the others: a task that a task
    /// adds runs before the loop reads again, a timer does not.
    func flushAfterOthers(_ connection: HTTP2Connection) {
        eventLoop.scheduleTask(in: .microseconds(20)) { self.markDirty(connection) }
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute {
            self.isFlushScheduled = false
            self.flushDirty()
        }
    }

    /// Schedules `onReadTickComplete` to run once, after the event loop has read from all
    /// connections that are ready in this tick.
    package func scheduleReadTickCompletion() {
        guard !isReadTickCompletionScheduled, onReadTickComplete != nil else { return }
        isReadTickCompletionScheduled = true
        eventLoop.execute { self.completeReadTick() }
    }

    private func completeReadTick() {
        isReadTickCompletionScheduled = false
        performBatch { onReadTickComplete?(self) }
    }
}

extension HTTP2Loop {
    /// Adds the timer of a call; resolution 10 ms.
    package func insertCallTimer(_ entry: any TimerWheelEntry) {
        if callTick == nil {
            callTimers.restart(now: now)
            scheduleCallTick()
        }
        callTimers.insert(entry)
    }

    /// Removes the timer of a call, if it is set.
    package func removeCallTimer(_ entry: any TimerWheelEntry) {
        callTimers.remove(entry)
    }

    /// Adds the timer of a connection; resolution 500 ms.
    package func insertConnectionTimer(_ entry: any TimerWheelEntry) {
        if connectionTick == nil {
            connectionTimers.restart(now: now)
            scheduleConnectionTick()
        }
        connectionTimers.insert(entry)
    }

    /// Removes the timer of a connection, if it is set.
    package func removeConnectionTimer(_ entry: any TimerWheelEntry) {
        connectionTimers.remove(entry)
    }

    private func scheduleCallTick() {
        callTick = eventLoop.scheduleTask(in: TimeAmount(callTimers.tickInterval)) {
            self.callTimers.takeDue(now: self.now, into: &self.due)
            self.fireDue()
            self.callTick = nil
            if self.callTimers.count > 0 { self.scheduleCallTick() }
        }
    }

    private func scheduleConnectionTick() {
        let tick = TimeAmount(connectionTimers.tickInterval)
        connectionTick = eventLoop.scheduleTask(in: tick) {
            self.connectionTimers.takeDue(now: self.now, into: &self.due)
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
