import NativeThread
import Synchronization

/// Runs long computations on a few threads of low priority, in the order of their arrival.
///
/// A thread starts when work is queued, and ends when the queue is empty.
final class HashingQueue: Sendable {
    /// A tenth of the scheduling weight of other threads.
    private static let niceness: Int32 = 10

    private let threadsMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())

    private struct State {
        var waiting: [Work] = []
        var runningThreads = 0
        var nextID: UInt64 = 0
    }

    private struct Work: Sendable {
        let id: UInt64
        /// Computes and delivers the result; with false only reports that it is not computed.
        let finish: @Sendable (Bool) -> Void
    }

    init(threadsMax: Int, waitingMax: Int) {
        self.threadsMax = threadsMax
        self.waitingMax = waitingMax
    }

    /// The number of computations that wait for a thread.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// The result of `work`; nil if the task was cancelled before it began, or the queue is full.
    func result<Value: Sendable>(of work: @escaping @Sendable () -> Value) async -> Value? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enqueue(
                    Work(id: id) { computes in
                        continuation.resume(returning: computes ? work() : nil)
                    })
                // The handler may have run before the work was queued.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func enqueue(_ work: Work) {
        let (isAccepted, needsThread) = state.withLock { state in
            guard state.waiting.count < waitingMax else { return (false, false) }
            state.waiting.append(work)
            guard state.runningThreads < threadsMax else { return (true, false) }
            state.runningThreads += 1
            return (true, true)
        }
        guard isAccepted else { return work.finish(false) }
        if needsThread, !startThread() {
            giveUp()
        }
    }

    private func startThread() -> Bool {
        NativeThread.startDetached(name: "bcrypt", niceness: Self.niceness) { self.drain() }
    }

    private func drain() {
        while let work = next() { work.finish(true) }
    }

    private func next() -> Work? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.runningThreads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    /// A thread could not be started: without any, nobody serves what waits.
    private func giveUp() {
        let abandoned = state.withLock { state in
            state.runningThreads -= 1
            guard state.runningThreads == 0 else { return [] as [Work] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for work in abandoned { work.finish(false) }
    }

    private func cancel(_ id: UInt64) {
        let found = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        found?.finish(false)
    }
}
