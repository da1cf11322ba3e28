import Glibc
import Synchronization

/// Waits for the signals that end the server.
///
/// Made before any other thread: the signals are blocked in all of them, and one thread waits.
package final class SignalWait: Sendable {
    private let state = Mutex<(signal: Int32?, waiter: CheckedContinuation<Int32, Never>?)>((nil, nil))

    package init() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        var set = Self.ending
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let context = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        pthread_create(&thread, nil, { context in
            guard let context else { return nil }
            Unmanaged<SignalWait>.fromOpaque(context).takeRetainedValue().wait()
            return nil
        }, context)
        pthread_detach(thread)
    }

    private static var ending: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        return set
    }

    private func wait() {
        var set = Self.ending
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        let waiter = state.withLock { state in
            state.signal = number
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: number)
        // A second signal ends the process at once.
        while sigwait(&set, &number) != 0 {}
        Self.end(by: number)
    }

    /// The next signal.
    package func next() async -> Int32 {
        await withCheckedContinuation { continuation in
            let number = state.withLock { state -> Int32? in
                if state.signal == nil { state.waiter = continuation }
                return state.signal
            }
            if let number { continuation.resume(returning: number) }
        }
    }

    /// Ends the process by a signal, so that whoever started it sees which.
    package static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        var set = ending
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
        exit(128 + number)
    }

    static func name(_ number: Int32) -> String {
        number == SIGINT ? "interrupt" : "terminated"
    }
}
