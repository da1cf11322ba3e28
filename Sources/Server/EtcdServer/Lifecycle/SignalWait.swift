import Glibc
import NativeThread
import Synchronization

/// Waits for the signals that end the server.
///
/// The handler only writes the signal's number into a pipe, on whichever thread the system
/// interrupts; one thread reads the pipe. (Blocking the signals in all threads and using sigwait
/// does not work: the main thread sleeps with its signals unblocked.)
package final class SignalWait: Sendable {
    /// Why the server ends.
    package enum Reason: Sendable {
        case signal(Int32)
        /// The cluster has removed the member.
        case removal
    }

    private struct State {
        var isKept = false
        var reason: Reason?
        var waiter: CheckedContinuation<Reason, Never>?
    }

    private let state = Mutex(State())

    /// Installs handlers for SIGINT and SIGTERM; once in a process. Until `keep`, a signal ends the
    /// process at once: a member that has not started needs no graceful shutdown. SIGPIPE and
    /// SIGXFSZ are ignored and seen as errors of the system calls. Other signals that etcd does not
    /// handle are ignored too.
    package init() {
        for number in Self.ignored { signal(number, SIG_IGN) }
        var ends: [Int32] = [-1, -1]
        let status = pipe(&ends)
        precondition(status == 0, "the system must provide a pipe")
        SignalPipe.writeEnd.store(ends[1], ordering: .relaxed)
        let reader = Reader(wait: self, descriptor: ends[0])
        let isStarted = NativeThread.startDetached(name: "signals") { reader.run() }
        precondition(isStarted, "the system must provide a thread for signals")
        for number in [SIGINT, SIGTERM] { signal(number, SignalPipe.handler) }
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
            wait.end(for: .signal(next()))
            // A second signal ends the process at once.
            SignalWait.end(by: next())
        }

        private func next() -> Int32 {
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) != 1 {}
            return Int32(byte)
        }
    }

    /// From now on the first signal is kept for `next` instead of ending the process.
    package func keep() {
        state.withLock { $0.isKept = true }
    }

    private func end(for reason: Reason) {
        let (isKept, waiter) = state.withLock { state in
            if state.reason == nil { state.reason = reason }
            return (state.isKept, state.waiter.take())
        }
        if !isKept, case .signal(let number) = reason { Self.end(by: number) }
        waiter?.resume(returning: reason)
    }

    /// Ends the wait because the cluster has removed the member.
    package func reportRemoval() { end(for: .removal) }

    /// Waits for the first signal or a removal.
    package func next() async -> Reason {
        await withCheckedContinuation { continuation in
            let reason = state.withLock { state -> Reason? in
                if state.reason == nil { state.waiter = continuation }
                return state.reason
            }
            if let reason { continuation.resume(returning: reason) }
        }
    }

    /// Ends the process by a signal, so that its parent sees which.
    package static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        kill(getpid(), number)
        while true { pause() }
    }

    static func name(_ number: Int32) -> String {
        number == SIGINT ? "interrupt" : "terminated"
    }
}

/// The state that the signal handler uses: the write end of the pipe.
private enum SignalPipe {
    static let writeEnd = Atomic<Int32>(-1)

    static let handler: @convention(c) (Int32) -> Void = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(writeEnd.load(ordering: .relaxed), &byte, 1)
        errno = saved
    }
}
