import CFutex
import Glibc
import Synchronization

/// A queue into one thread: many threads post, the owner takes everything that waits at once.
///
/// One lock for each batch and a wake-up only when the owner really sleeps, so that a busy system
/// pays neither for each item. The owner sleeps on a word of memory rather than on a condition
/// variable: waking it is one system call, and it wakes without taking a lock that its waker may
/// still hold. `close` lets the owner finish what is left and end.
final class Mailbox<Item: Sendable>: @unchecked Sendable {
    // `@unchecked Sendable`: everything mutable is in `state`; `word` is allocated once, changed
    // under the lock of `state` and lives as long as the mailbox.
    private struct State {
        var items: [Item] = []
        var isSleeping = false
        var isClosed = false
    }

    private let state = Mutex(State())
    /// `asleep` while the owner sleeps or is about to.
    private let word: UnsafeMutablePointer<UInt32>
    private static var awake: UInt32 { 0 }
    private static var asleep: UInt32 { 1 }

    init() {
        word = .allocate(capacity: 1)
        word.initialize(to: Self.awake)
    }

    deinit { word.deallocate() }

    /// Adds an item that can wait until something else wakes the owner, or its deadline comes.
    func postQuietly(_ item: Item) {
        state.withLock { $0.items.append(item) }
    }

    /// Adds one item; false once the mailbox is closed.
    @discardableResult
    func post(_ item: Item) -> Bool {
        let (isTaken, wakes) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.items.append(item)
            return (true, rouse(&state))
        }
        if wakes { futex_wake(word) }
        return isTaken
    }

    /// Whether the owner has to be woken; called under the lock.
    private func rouse(_ state: inout State) -> Bool {
        guard state.isSleeping else { return false }
        state.isSleeping = false
        futex_store(word, Self.awake)
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
        var isLate = false
        while true {
            let isOpen: Bool? = state.withLock { state in
                guard state.items.isEmpty, !state.isClosed, !isLate else {
                    _ = rouse(&state)
                    swap(&state.items, &batch)
                    return !(state.isClosed && batch.isEmpty)
                }
                state.isSleeping = true
                futex_store(word, Self.asleep)
                return nil
            }
            if let isOpen { return isOpen }
            isLate = futex_wait(word, Self.asleep, max(deadline ?? -1, -1)) != 0
        }
    }

    /// Lets the owner take what is left and then end.
    func close() {
        let wakes = state.withLock { state in
            state.isClosed = true
            return rouse(&state)
        }
        if wakes { futex_wake(word) }
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
