import CFutex

/// The place where one thread sleeps until another one wakes it.
///
/// A word of memory rather than a condition variable: waking is one system call, and who wakes
/// takes no lock that its waker may still hold. Whether to sleep is decided under a lock of the
/// user's, which also covers `lieDown` and `rouse`; `sleep` and `wake` follow outside of it.
final class Sleeper: @unchecked Sendable {
    // `@unchecked Sendable`: the word is allocated once and only changed atomically.
    private let word: UnsafeMutablePointer<UInt32>
    private static var awake: UInt32 { 0 }
    private static var asleep: UInt32 { 1 }

    init() {
        word = .allocate(capacity: 1)
        word.initialize(to: Self.awake)
    }

    deinit { word.deallocate() }

    /// The thread is about to sleep. Under the lock.
    func lieDown() { futex_store(word, Self.asleep) }

    /// The thread must not sleep, or has to wake: `wake` follows. Under the lock.
    func rouse() { futex_store(word, Self.awake) }

    /// Wakes the thread.
    func wake() { futex_wake(word) }

    /// Sleeps until it is woken or the deadline comes; may also end for no reason.
    ///
    /// - Parameter deadline: monotonic milliseconds; nil waits without end.
    /// - Returns: whether the deadline has come.
    func sleep(until deadline: Int64?) -> Bool {
        futex_wait(word, Self.asleep, max(deadline ?? -1, -1)) != 0
    }
}
