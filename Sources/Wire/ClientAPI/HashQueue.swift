internal import NIOConcurrencyHelpers
internal import NIOPosix

/// Runs hashes one after the other, beside everything else: they read whole files, and neither the
/// threads of the member nor more than one thread of the process may be held up by them.
final class HashQueue: Sendable {
    typealias Work = @Sendable () -> Void

    private struct State {
        var waiting: [Work] = []
        var isRunning = false
    }

    private let state = NIOLockedValueBox(State())

    /// Runs `work` once those before it have ended.
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
