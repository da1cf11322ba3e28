internal import NIOConcurrencyHelpers
internal import NIOPosix

/// Computes hashes one at a time on a thread of the pool. A hash reads the whole database, so it
/// must not block the member's threads, nor more than one thread of the pool.
final class HashQueue: Sendable {
    typealias Work = @Sendable () -> Void

    private struct State {
        var waiting: [Work] = []
        var isRunning = false
    }

    private let state = NIOLockedValueBox(State())

    /// Runs `work` after the earlier work has ended.
    func run(_ work: @escaping Work) {
        let starts = state.withLockedValue { state in
            state.waiting.append(work)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { NIOThreadPool.singleton.submit { [self] _ in drain() } }
    }

    private func drain() {
        while let work = next() { work() }
    }

    private func next() -> Work? {
        state.withLockedValue { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
