internal import Synchronization

/// A lock that tasks hold across suspensions, first come first served.
final class TaskLock: Sendable {
    private typealias Continuation = CheckedContinuation<Bool, Never>

    private struct State {
        var isLocked = false
        var waiting: [(id: UInt64, continuation: Continuation)] = []
        /// Tasks that were cancelled before they waited.
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Throws `cancelled` if the task is cancelled while it waits.
    func lock() async throws(EtcdClientError) {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isLocked = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(id, $0) }
        } onCancel: {
            cancel(id)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        guard isLocked else { throw .cancelled }
    }

    private func wait(_ id: UInt64, _ continuation: Continuation) {
        let isLocked = state.withLock { state -> Bool? in
            if state.cancelled.contains(id) { return false }
            if state.isLocked {
                state.waiting.append((id, continuation))
                return nil
            }
            state.isLocked = true
            return true
        }
        if let isLocked { continuation.resume(returning: isLocked) }
    }

    private func cancel(_ id: UInt64) {
        let waiting = state.withLock { state -> Continuation? in
            state.cancelled.insert(id)
            let index = state.waiting.firstIndex { $0.id == id }
            return index.map { state.waiting.remove(at: $0).continuation }
        }
        waiting?.resume(returning: false)
    }

    func unlock() {
        let next = state.withLock { state -> Continuation? in
            state.isLocked = !state.waiting.isEmpty
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
