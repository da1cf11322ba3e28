import MonotonicClock
import Synchronization

/// The thread that runs a batch.
enum ExecutingThread {
    /// The executor's dedicated thread. It may run for long.
    case dedicated
    /// The thread that posted the item, for example an event loop. It must not block.
    case caller
}

/// How a run ended.
enum ExecutionEnd {
    case done
    /// There must be no further run.
    case broken
}

/// State that an executor runs batches on, one thread at a time.
protocol InlineExecutable<Item>: AnyObject {
    associatedtype Item: Sendable

    /// When the dedicated thread runs although no item was posted.
    var deadline: MonotonicTime { get }
    /// Whether a caller may run this batch inline: it takes microseconds and does not block.
    func isBrief(_ batch: [Item]) -> Bool
    func run(_ batch: [Item], on thread: ExecutingThread) -> ExecutionEnd
    /// Called after the last run, on the dedicated thread.
    func finish()
}

/// A serial executor with a dedicated thread whose batches a posting thread may run inline while
/// that thread sleeps.
///
/// Waking a thread costs more than most runs. So a thread that posts while the executor is idle
/// runs the batch inline if it is brief; otherwise it wakes the dedicated thread. Items posted
/// during a run are left to the thread that runs. Under load some thread is always running, or
/// batches are too large for a caller, and the dedicated thread works through large batches as it
/// would without inline runs.
///
/// Guarantees: items are processed once, in the order of posting; runs never overlap, and each sees
/// the effects of the one before; only a posting thread or the dedicated thread runs batches; an
/// item that is not deferred is always run. `State.runner` is a mark, not a lock: only the
/// dedicated thread waits for it. So a caller may run another executor inline within its run, and
/// posting there cannot deadlock. No batch runs under the lock.
///
/// `post` must be called without holding a lock that a run may take.
final class InlineExecutor<Item: Sendable>: @unchecked Sendable {
    // `@unchecked Sendable`: `batch` and `executable` are accessed only by the thread that runs,
    // which changes under the lock; all other mutable state is in `state`.
    private enum Runner {
        /// The dedicated thread sleeps and nothing is due.
        case none
        /// The dedicated thread runs, or is being woken to run.
        case dedicated
        case caller
    }

    private struct State {
        var items: [Item] = []
        /// Whether an item is queued that is not deferred. Then some thread is the runner.
        var isDue = false
        /// Initially the dedicated thread, before it starts.
        var runner = Runner.dedicated
        /// The dedicated thread waits for a caller to finish: its deadline passed, or the queue was
        /// closed.
        var isDedicatedThreadWaiting = false
        var isClosed = false
        var isBroken = false
    }

    /// Consecutive runs of one caller while other threads post.
    private static var callerRunsMax: Int { 4 }

    private let state = Mutex(State())
    private let sleeper = Sleeper()
    private var batch: [Item] = []
    /// Set while the dedicated thread's loop runs.
    private var executable: (any InlineExecutable<Item>)?

    /// Whether a thread that posts now would run the batch inline.
    var isIdle: Bool { state.withLock { $0.runner == .none } }

    /// Adds an item that can wait for the next run, whatever causes it.
    func postDeferred(_ item: Item) {
        state.withLock { $0.items.append(item) }
    }

    /// Adds one item, and runs it inline if the executor is idle; false once it is closed.
    @discardableResult
    func post(_ item: Item) -> Bool {
        let (isAccepted, isCaller) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.items.append(item)
            state.isDue = true
            guard state.runner == .none else { return (true, false) }
            state.runner = .caller
            takeItems(&state)
            return (true, true)
        }
        if isCaller, let executable { drain(executable) }
        return isAccepted
    }

    /// Lets the dedicated thread process what is left and then end.
    func close() {
        let wakes = state.withLock { state in
            state.isClosed = true
            guard state.runner == .none else { return false }
            scheduleDedicatedThread(&state)
            return true
        }
        if wakes { sleeper.wake() }
    }

    /// Moves the queued items into `batch`, for the thread that runs.
    private func takeItems(_ state: inout State) {
        batch.removeAll(keepingCapacity: true)
        swap(&state.items, &batch)
        state.isDue = false
    }

    /// Makes the dedicated thread the runner. It sleeps or is about to: the caller has to wake it.
    private func scheduleDedicatedThread(_ state: inout State) {
        state.runner = .dedicated
        state.isDue = true
        sleeper.unpark()
    }
}

/// The calling thread.
extension InlineExecutor {
    /// Runs batches while there are items and the batch is brief enough for a caller.
    private func drain(_ executable: any InlineExecutable<Item>) {
        var runs = 0
        while true {
            guard runs < Self.callerRunsMax, executable.isBrief(batch) else { return requeue() }
            let end = executable.run(batch, on: .caller)
            runs += 1
            guard shouldContinue(after: end) else { return }
        }
    }

    /// Decides which thread runs next; true if it is this caller.
    private func shouldContinue(after end: ExecutionEnd) -> Bool {
        let (continues, wakes) = state.withLock { state in
            state.isBroken = state.isBroken || end == .broken
            guard end == .done, !state.isDedicatedThreadWaiting, !state.isClosed else {
                scheduleDedicatedThread(&state)
                return (false, true)
            }
            guard state.isDue else {
                state.runner = .none
                return (false, false)
            }
            takeItems(&state)
            return (true, false)
        }
        if wakes { sleeper.wake() }
        return continues
    }

    /// Leaves the taken items to the dedicated thread, ahead of later ones.
    private func requeue() {
        state.withLock { state in
            batch.append(contentsOf: state.items)
            state.items.removeAll(keepingCapacity: true)
            swap(&state.items, &batch)
            scheduleDedicatedThread(&state)
        }
        sleeper.wake()
    }
}

/// The dedicated thread.
extension InlineExecutor {
    /// The body of the dedicated thread: ends after `close`, or when a run returns `.broken`.
    func run(_ executable: any InlineExecutable<Item>) {
        self.executable = executable
        while take(until: executable.deadline) {
            if executable.run(batch, on: .dedicated) == .broken { break }
        }
        // The dedicated thread remains the runner, so no caller runs any more.
        self.executable = nil
        executable.finish()
    }

    /// Ends the current run and waits for the next one of the dedicated thread.
    ///
    /// - Returns: false if the executor is closed and its queue empty, or after a failed run.
    private func take(until deadline: MonotonicTime) -> Bool {
        var isLate = false
        while true {
            let continues: Bool? = state.withLock { state in
                guard canRunOnDedicatedThread(&state, isLate) else {
                    sleeper.park()
                    return nil
                }
                state.runner = .dedicated
                state.isDedicatedThreadWaiting = false
                sleeper.unpark()
                takeItems(&state)
                return !state.isBroken && !(state.isClosed && batch.isEmpty)
            }
            if let continues { return continues }
            if sleeper.sleep(until: isLate ? nil : deadline) { isLate = true }
        }
    }

    private func canRunOnDedicatedThread(_ state: inout State, _ isLate: Bool) -> Bool {
        let isWanted = isLate || state.isClosed || state.isBroken
        switch state.runner {
        case .dedicated:
            guard !isWanted, !state.isDue else { return true }
            state.runner = .none
            return false
        case .none: return isWanted
        case .caller:
            state.isDedicatedThreadWaiting = state.isDedicatedThreadWaiting || isWanted
            return false
        }
    }
}
