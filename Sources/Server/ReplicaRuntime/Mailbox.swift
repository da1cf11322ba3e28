import Glibc
import Synchronization

/// A queue into one thread: many threads post, the owner takes everything that waits at once.
///
/// One lock for each batch and a wake-up only when the owner really sleeps, so that a busy system
/// pays neither for each item. `close` lets the owner finish what is left and end. For threads
/// whose work waits for a disk; `Turns` is for those whose work does not.
final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        /// Whether something waits that was not posted quietly.
        var isDue = false
        var isSleeping = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let sleeper = Sleeper()

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
            state.isDue = true
            return (true, rouse(&state))
        }
        if wakes { sleeper.wake() }
        return isTaken
    }

    /// Whether the owner has to be woken; called under the lock.
    private func rouse(_ state: inout State) -> Bool {
        guard state.isSleeping else { return false }
        state.isSleeping = false
        sleeper.rouse()
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
                guard !state.isDue, !state.isClosed, !isLate else {
                    _ = rouse(&state)
                    state.isDue = false
                    swap(&state.items, &batch)
                    return !(state.isClosed && batch.isEmpty)
                }
                state.isSleeping = true
                sleeper.lieDown()
                return nil
            }
            if let isOpen { return isOpen }
            isLate = sleeper.sleep(until: deadline)
        }
    }

    /// Lets the owner take what is left and then end.
    func close() {
        let wakes = state.withLock { state in
            state.isClosed = true
            return rouse(&state)
        }
        if wakes { sleeper.wake() }
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
