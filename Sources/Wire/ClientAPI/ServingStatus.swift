internal import NIOConcurrencyHelpers

/// Whether the gRPC services are offered to clients: what grpc.health.v1 tells.
final class ServingStatus: Sendable {
    typealias Watcher = @Sendable (_ isServing: Bool) -> Void

    private struct State {
        /// Defragmentations that keep clients away.
        var pauses = 0
        var watchers: [UInt64: Watcher] = [:]
        var nextWatcher: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())

    var isServing: Bool { state.withLockedValue { $0.pauses == 0 } }

    /// Sends clients elsewhere until the matching `resume`; true if they were welcome before.
    func pause() -> Bool {
        change(by: 1)
    }

    /// Ends a pause; true if clients are welcome again.
    func resume() -> Bool {
        change(by: -1)
    }

    /// Tells the present state, then every change; called on any thread, in their order.
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

    /// Watchers only hand the news on to their event loops, so they are called under the lock.
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
