import MonotonicClock
import Synchronization

/// A queue with one consumer thread: many threads post, the consumer takes all items at once.
///
/// One lock for each batch, and a wake-up only when the consumer really sleeps, so a busy system
/// pays neither for each item. `close` lets the consumer finish what is left and end. For threads
/// that block on a disk; `InlineExecutor` is for those that do not.
final class Mailbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        /// Whether an item is queued that is not deferred.
        var isDue = false
        var isSleeping = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let sleeper = Sleeper()

    /// Adds an item that can wait until something else wakes the consumer, or its deadline passes.
    func postDeferred(_ item: Item) {
        state.withLock { $0.items.append(item) }
    }

    /// Adds one item; false once the mailbox is closed.
    @discardableResult
    func post(_ item: Item) -> Bool {
        let (isAccepted, wakes) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.items.append(item)
            state.isDue = true
            return (true, unpark(&state))
        }
        if wakes { sleeper.wake() }
        return isAccepted
    }

    /// Whether the consumer has to be woken; called under the lock.
    private func unpark(_ state: inout State) -> Bool {
        guard state.isSleeping else { return false }
        state.isSleeping = false
        sleeper.unpark()
        return true
    }

    /// Waits for items, for the deadline or for `close`, and moves all items into `batch`.
    ///
    /// - Parameters:
    ///   - batch: emptied and filled; its storage goes back to the mailbox.
    ///   - deadline: nil waits without limit.
    /// - Returns: false once the mailbox is closed and nothing is left.
    func take(into batch: inout [Item], until deadline: MonotonicTime? = nil) -> Bool {
        batch.removeAll(keepingCapacity: true)
        var isLate = false
        while true {
            let isOpen: Bool? = state.withLock { state in
                guard !state.isDue, !state.isClosed, !isLate else {
                    _ = unpark(&state)
                    state.isDue = false
                    swap(&state.items, &batch)
                    return !(state.isClosed && batch.isEmpty)
                }
                state.isSleeping = true
                sleeper.park()
                return nil
            }
            if let isOpen { return isOpen }
            isLate = sleeper.sleep(until: deadline)
        }
    }

    /// Lets the consumer take what is left and then end.
    func close() {
        let wakes = state.withLock { state in
            state.isClosed = true
            return unpark(&state)
        }
        if wakes { sleeper.wake() }
    }
}
