internal import NIOConcurrencyHelpers

/// The serving status of the gRPC services, as reported by grpc.health.v1.
final class ServingStatus: Sendable {
    typealias Watcher = @Sendable (_ isServing: Bool) -> Void

    private struct State {
        /// Number of pauses in progress: not serving while there is any.
        var pauses = 0
        var watchers: [UInt64: Watcher] = [:]
        var nextWatcher: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())

    var isServing: Bool { state.withLockedValue { $0.pauses == 0 } }

    /// Stops serving until the matching `resume`. Returns true if the status changed.
    func pause() -> Bool {
        change(by: 1)
    }

    /// Ends a pause. Returns true if the status changed.
    func resume() -> Bool {
        change(by: -1)
    }

    /// Calls the watcher with the current status, then with every change, in order, on any thread.
    func watch(_ watcher: @escaping Watcher) -> UInt64 {
        state.withLockedValue { state in
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = watcher
            watcher(state.pauses == 0)
            return state.nextWatcher
        }
    }

    func cancel(_ watcher: UInt64) {
        state.withLockedValue { $0.watchers[watcher] = nil }
    }

    /// Watchers only schedule a task on their event loop, so they are called under the lock.
    private func change(by step: Int) -> Bool {
        state.withLockedValue { state in
            let wasServing = state.pauses == 0
            state.pauses += step
            let isServing = state.pauses == 0
            guard wasServing != isServing else { return false }
            for watcher in state.watchers.values { watcher(isServing) }
            return true
        }
    }
}
