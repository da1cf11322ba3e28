import Glibc

/// The queue of lines for the writer thread of one log output.
///
/// Posting never waits for the output. Lines keep their order. The queue is bounded; at the bound
/// lines are dropped and counted until the writer takes the queue, so that there is one gap of
/// known size.
///
/// - `waiting.entries`, `waitingBytes`: the queued lines, in order.
/// - `waiting.droppedCount`: lines dropped after the last entry; unless it is 0 no line is added.
/// - `isWriting`: the writer has a batch that it has not finished.
package final class LogQueue: @unchecked Sendable {
    struct Entry {
        let bytes: [UInt8]
        let line: LogLine
    }

    /// What the writer takes at once: lines, and the number of lines dropped after them.
    struct Batch {
        var entries: [Entry] = []
        var droppedCount = 0
    }

    package struct Limits {
        var linesMax = 8192
        var bytesMax = 1 << 20
    }

    private let limits: Limits
    // `@unchecked Sendable`: everything below is accessed under `lock` only.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let hasLines: UnsafeMutablePointer<pthread_cond_t>
    private let isWritten: UnsafeMutablePointer<pthread_cond_t>
    private var waiting = Batch()
    private var waitingBytes = 0
    private var isWriting = false
    private var isClosed = false

    init(limits: Limits = Limits()) {
        self.limits = limits
        lock = .allocate(capacity: 1)
        hasLines = .allocate(capacity: 1)
        isWritten = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        pthread_cond_init(hasLines, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(isWritten, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(isWritten)
        pthread_cond_destroy(hasLines)
        pthread_mutex_destroy(lock)
        isWritten.deallocate()
        hasLines.deallocate()
        lock.deallocate()
    }

    /// Adds a line, or drops and counts it at the bound. A line of level panic or above is always
    /// added: the process ends after it.
    ///
    /// - Returns: whether it was added.
    @discardableResult
    func post(_ entry: Entry) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard entry.line.level >= .panic || hasCapacity(for: entry) else {
            waiting.droppedCount += 1
            return false
        }
        let isFirst = waiting.entries.isEmpty
        waiting.entries.append(entry)
        waitingBytes += entry.bytes.count
        if isFirst { pthread_cond_signal(hasLines) }
        return true
    }

    private func hasCapacity(for entry: Entry) -> Bool {
        waiting.droppedCount == 0 && waiting.entries.count < limits.linesMax
            && (waiting.entries.isEmpty || waitingBytes + entry.bytes.count <= limits.bytesMax)
    }

    /// Finishes the previous batch, waits for lines and takes all of them. Called by the writer
    /// only.
    ///
    /// - Returns: false once the queue is closed and empty.
    func take(into batch: inout Batch) -> Bool {
        batch.entries.removeAll(keepingCapacity: true)
        batch.droppedCount = 0
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        isWriting = false
        if waiting.entries.isEmpty { pthread_cond_broadcast(isWritten) }
        while waiting.entries.isEmpty {
            if isClosed { return false }
            pthread_cond_wait(hasLines, lock)
        }
        swap(&waiting, &batch)
        waitingBytes = 0
        isWriting = true
        return true
    }

    /// Waits until every line posted so far is written, or for the time given.
    ///
    /// - Returns: whether every line is written.
    @discardableResult
    func waitUntilWritten(within limit: Duration) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = limit.components
        let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while isWriting || !waiting.entries.isEmpty {
            if pthread_cond_timedwait(isWritten, lock, &deadline) == ETIMEDOUT {
                return !isWriting && waiting.entries.isEmpty
            }
        }
        return true
    }

    /// Lets the writer write the queued lines and end.
    func close() {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        isClosed = true
        pthread_cond_signal(hasLines)
    }
}
