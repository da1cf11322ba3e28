import Glibc
import NIOPosix

/// Where the handler of signals writes: the end of a pipe; -1 before there is one.
nonisolated(unsafe) private var handlerOutput: Int32 = -1

/// The signals that end a command in an orderly way.
enum Signals {
    private nonisolated(unsafe) static var input: Int32 = -1

    /// What holds something, or has something to remove.
    private static let byCommand: [[String]: [Int32]] = [
        ["lock"]: [SIGINT, SIGTERM], ["elect"]: [SIGINT, SIGTERM], ["check", "perf"]: [SIGINT],
    ]

    /// From now on the signals of a command wait for `next`. Call it once, before `next`.
    ///
    /// They are caught, not blocked: the main thread of a program with tasks unblocks all signals.
    static func catchThose(of command: [String]) {
        guard let signals = byCommand[command] else { return }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (input, handlerOutput) = (ends[0], ends[1])
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Signals.notify() }
        action.sa_flags = SA_RESTART
        for signal in signals { sigaction(signal, &action, nil) }
    }

    /// Waits for a signal, or until the task is cancelled.
    static func next() async {
        let input = self.input
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                NIOThreadPool.singleton.submit { _ in
                    var byte: UInt8 = 0
                    while read(input, &byte, 1) < 0, errno == EINTR {}
                    continuation.resume()
                }
            }
        } onCancel: {
            Signals.notify()
        }
    }

    /// Ends a wait. Safe in a handler of signals.
    private static func notify() {
        let error = errno
        var byte: UInt8 = 1
        _ = write(handlerOutput, &byte, 1)
        errno = error
    }
}
