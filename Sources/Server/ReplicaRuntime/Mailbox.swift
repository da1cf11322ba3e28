import Glibc

/// A queue into one thread: many threads post, the owner takes everything that waits at once.
///
/// One lock for each batch and a wake-up only when the owner really sleeps, so that a busy system
/// pays neither for each item. `closed` lets the owner finish what is left and end.
final class Mailbox<Item>: @unchecked Sendable {
    // `items`, `isSleeping` and `isClosed` are guarded by `mutex`; the two pthread objects are
    // allocated once and live as long as the mailbox.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var items: [Item] = []
    private var isSleeping = false
    private var isClosed = false

    init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let mutexStatus = pthread_mutex_init(mutex, nil)
        let conditionStatus = pthread_cond_init(condition, &attributes)
        precondition(mutexStatus == 0 && conditionStatus == 0, "a mailbox needs its lock")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Adds an item that can wait until something else wakes the owner, or its deadline comes.
    func postQuietly(_ item: Item) {
        pthread_mutex_lock(mutex)
        items.append(item)
        pthread_mutex_unlock(mutex)
    }

    /// Adds one item; false once the mailbox is closed.
    @discardableResult
    func post(_ item: Item) -> Bool {
        pthread_mutex_lock(mutex)
        guard !isClosed else {
            pthread_mutex_unlock(mutex)
            return false
        }
        items.append(item)
        let wakes = isSleeping
        isSleeping = false
        pthread_mutex_unlock(mutex)
        if wakes { pthread_cond_signal(condition) }
        return true
    }

    /// Waits for items, for the deadline or for `close`, and moves all items into `batch`.
    ///
    /// - Parameters:
    ///   - batch: emptied and filled; its storage goes back to the mailbox.
    ///   - deadline: monotonic milliseconds; nil waits without end.
    /// - Returns: false once the mailbox is closed and nothing is left.
    func take(into batch: inout [Item], until deadline: Int64? = nil) -> Bool {
        batch.removeAll(keepingCapacity: true)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while items.isEmpty && !isClosed {
            isSleeping = true
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = timespec(
                tv_sec: Int(deadline / 1000), tv_nsec: Int(deadline % 1000) * 1_000_000)
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
        }
        isSleeping = false
        swap(&items, &batch)
        return !(isClosed && batch.isEmpty)
    }

    /// Lets the owner take what is left and then end.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }
}

/// Milliseconds of the monotonic clock.
package func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// Nanoseconds of the monotonic clock, for durations.
package func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
