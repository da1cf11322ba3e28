import CFutex
import MonotonicClock

/// Parks one thread until another thread wakes it.
///
/// A futex rather than a condition variable: waking is one system call, and the waking thread takes
/// no lock that the woken one has to wait for. The caller decides under a lock of its own whether
/// to sleep, and calls `park` and `unpark` under that lock. They only mark the thread: `sleep` and
/// `wake` act, and follow outside of the lock.
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

    /// Only marks the thread as asleep: its call of `sleep` follows. Under the lock.
    func park() { futex_store(word, Self.asleep) }

    /// Only marks the thread as awake, so that `sleep` returns at once; a thread that may sleep
    /// already is woken by the call of `wake` that follows. Under the lock.
    func unpark() { futex_store(word, Self.awake) }

    /// Wakes the thread if it sleeps.
    func wake() { futex_wake(word) }

    /// Sleeps until it is woken or the deadline passes, if the thread is marked as asleep; may also
    /// wake spuriously.
    ///
    /// - Parameter deadline: nil waits without limit.
    /// - Returns: whether the deadline has passed.
    func sleep(until deadline: MonotonicTime?) -> Bool {
        futex_wait(word, Self.asleep, deadline.map { max($0.millisecondsRoundedUp, 0) } ?? -1) != 0
    }
}
