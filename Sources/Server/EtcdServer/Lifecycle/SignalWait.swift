import Glibc
import Synchronization

/// Waits for the signals that end the server.
///
/// A handler writes the signal's number into a pipe, which one thread reads: whichever thread the
/// system interrupts, nothing else happens there. (Blocking the signals everywhere and waiting for
/// them does not work: the main thread sleeps with its signals unblocked.)
package final class SignalWait: Sendable {
    /// Why the server ends.
    package enum Reason: Sendable {
        case signal(Int32)
        /// The server has found a reason itself.
        case own
    }

    private struct State {
        var isKept = false
        var reason: Reason?
        var waiter: CheckedContinuation<Reason, Never>?
    }

    private let state = Mutex(State())

    /// Takes over SIGINT and SIGTERM; once in a process. Until `keep`, a signal ends the process
    /// at once: a member that is still looking for its cluster has nothing to end in order. A
    /// broken pipe and a file that is too large are errors of the system call concerned. Signals that
    /// mean nothing to etcd do not end it either.
    package init() {
        for number in Self.ignored { signal(number, SIG_IGN) }
        var ends: [Int32] = [-1, -1]
        let status = pipe(&ends)
        precondition(status == 0, "the system must give a pipe")
        SignalPipe.writeEnd.store(ends[1], ordering: .relaxed)
        let reader = Reader(wait: self, descriptor: ends[0])
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Reader>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(reader).toOpaque())
        pthread_detach(thread)
        for number in [SIGINT, SIGTERM] { signal(number, SignalPipe.note) }
    }

    private static let ignored = [
        SIGPIPE, SIGXFSZ, SIGXCPU, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR,
    ]

    private final class Reader: Sendable {
        private let wait: SignalWait
        private let descriptor: Int32

        init(wait: SignalWait, descriptor: Int32) {
            self.wait = wait
            self.descriptor = descriptor
        }

        func run() {
            wait.take(.signal(next()))
            // A second signal ends the process at once.
            SignalWait.end(by: next())
        }

        private func next() -> Int32 {
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) != 1 {}
            return Int32(byte)
        }
    }

    /// From now on the first signal is kept for `next`.
    package func keep() {
        state.withLock { $0.isKept = true }
    }

    private func take(_ reason: Reason) {
        let (isKept, waiter) = state.withLock { state in
            if state.reason == nil { state.reason = reason }
            return (state.isKept, state.waiter.take())
        }
        if !isKept, case .signal(let number) = reason { Self.end(by: number) }
        waiter?.resume(returning: reason)
    }

    /// Ends the wait without a signal.
    package func giveUp() { take(.own) }

    /// The first signal, or that there is no need to wait for one.
    package func next() async -> Reason {
        await withCheckedContinuation { continuation in
            let reason = state.withLock { state -> Reason? in
                if state.reason == nil { state.waiter = continuation }
                return state.reason
            }
            if let reason { continuation.resume(returning: reason) }
        }
    }

    /// Ends the process by a signal, so that whoever started it sees which.
    package static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        kill(getpid(), number)
        while true { pause() }
    }

    static func name(_ number: Int32) -> String {
        number == SIGINT ? "interrupt" : "terminated"
    }
}

/// What a signal handler may touch: one number, and the pipe behind it.
private enum SignalPipe {
    static let writeEnd = Atomic<Int32>(-1)

    static let note: @convention(c) (Int32) -> Void = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(writeEnd.load(ordering: .relaxed), &byte, 1)
        errno = saved
    }
}
