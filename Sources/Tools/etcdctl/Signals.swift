import Glibc
import NIOPosix

/// The signals that end a command in an orderly way.
enum Signals {
    private static var interruptions: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        return set
    }

    /// From now on the signals wait for `next`. Call it before threads are started, which inherit
    /// it.
    static func block() {
        var set = interruptions
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for a signal, or until the task is cancelled.
    static func next() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                NIOThreadPool.singleton.submit { _ in
                    var set = interruptions
                    var signal: Int32 = 0
                    sigwait(&set, &signal)
                    continuation.resume()
                }
            }
        } onCancel: {
            // Ends the wait: the signal is blocked in all threads.
            kill(getpid(), SIGTERM)
        }
    }
}
