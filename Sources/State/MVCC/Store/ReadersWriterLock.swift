import Glibc

/// The operating system's readers-writer lock, which prefers waiting writers.
///
/// Not recursive in either mode. It guards nothing by itself: `StoreLock` adds the state.
struct ReadersWriterLock: ~Copyable, @unchecked Sendable {
    // `@unchecked Sendable`: the operating system's lock is thread-safe.
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>

    init() {
        lock = .allocate(capacity: 1)
        var attributes = pthread_rwlockattr_t()
        pthread_rwlockattr_init(&attributes)
        pthread_rwlockattr_setkind_np(
            &attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
        let result = pthread_rwlock_init(lock, &attributes)
        pthread_rwlockattr_destroy(&attributes)
        precondition(result == 0, "a lock can be made")
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    func lockForReading() {
        let result = pthread_rwlock_rdlock(lock)
        precondition(result == 0, "a reader's lock is not taken inside the writer's")
    }

    func lockForWriting() {
        let result = pthread_rwlock_wrlock(lock)
        precondition(result == 0, "the writer's lock is not recursive")
    }

    func unlock() {
        pthread_rwlock_unlock(lock)
    }
}
