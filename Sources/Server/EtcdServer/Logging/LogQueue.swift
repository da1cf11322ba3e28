import Glibc

/// The lines that wait for the writer thread of one log output.
///
/// Posting never waits for the output. Lines keep their order. What waits is bounded; at the bound
/// lines are dropped and counted until the writer has taken what waits, so that the gap is in one
/// place and its size is known there.
///
/// - `entries`, `waitingBytes`: what waits, in order.
/// - `droppedCount`: lines dropped behind the last entry; while it is not 0 nothing is added.
/// - `isWriting`: the writer holds a batch that it has not finished.
final class LogQueue: @unchecked Sendable {
    struct Entry {
        let bytes: [UInt8]
        let line: LogLine
    }

    /// What the writer takes at once: lines, then the number of lines that are missing behind them.
    struct Batch {
        var entries: [Entry] = []
        var droppedCount = 0
    }

    struct Limits {
        var linesMax = 8192
        var bytesMax = 1 << 20
    }

    private let limits: Limits
    // `@unchecked Sendable`: everything below is read and written under `lock` alone.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let wakesWriter: UnsafeMutablePointer<pthread_cond_t>
    private let wakesFlushers: UnsafeMutablePointer<pthread_cond_t>
    private var waiting = Batch()
    private var waitingBytes = 0
    private var isWriting = false
    private var isClosed = false

    init(limits: Limits = Limits()) {
        self.limits = limits
        lock = .allocate(capacity: 1)
        wakesWriter = .allocate(capacity: 1)
        wakesFlushers = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        pthread_cond_init(wakesWriter, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(wakesFlushers, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(wakesFlushers)
        pthread_cond_destroy(wakesWriter)
        pthread_mutex_destroy(lock)
        wakesFlushers.deallocate()
        wakesWriter.deallocate()
        lock.deallocate()
    }

    /// Adds a line, or drops and counts it at the bound. A line of level panic or above is always
    /// added: nothing comes after it.
    func post(_ entry: Entry) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard entry.line.level >= .panic || hasRoom(for: entry) else {
            waiting.droppedCount += 1
            return
        }
        let isFirst = waiting.entries.isEmpty
        waiting.entries.append(entry)
        waitingBytes += entry.bytes.count
        if isFirst { pthread_cond_signal(wakesWriter) }
    }

    private func hasRoom(for entry: Entry) -> Bool {
        waiting.droppedCount == 0 && waiting.entries.count < limits.linesMax
            && (waiting.entries.isEmpty || waitingBytes + entry.bytes.count <= limits.bytesMax)
    }

    /// Ends the batch that was taken before, waits for lines and takes all of them.
    ///
    /// - Returns: false once the queue is closed and nothing is left. Called by the writer alone.
    func take(into batch: inout Batch) -> Bool {
        batch.entries.removeAll(keepingCapacity: true)
        batch.droppedCount = 0
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        isWriting = false
        if waiting.entries.isEmpty { pthread_cond_broadcast(wakesFlushers) }
        while waiting.entries.isEmpty {
            if isClosed { return false }
            pthread_cond_wait(wakesWriter, lock)
        }
        swap(&waiting, &batch)
        waitingBytes = 0
        isWriting = true
        return true
    }

    /// Waits until every line posted so far is written, or the time is over.
    ///
    /// - Returns: whether everything is written.
    @discardableResult
    func waitUntilWritten(milliseconds: Int) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + milliseconds % 1000 * 1_000_000
        deadline.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while isWriting || !waiting.entries.isEmpty {
            if pthread_cond_timedwait(wakesFlushers, lock, &deadline) == ETIMEDOUT {
                return !isWriting && waiting.entries.isEmpty
            }
        }
        return true
    }

    /// Lets the writer finish what waits and end.
    func close() {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        isClosed = true
        pthread_cond_signal(wakesWriter)
    }
}
