import Glibc
import NativeThread

/// A thread that owns its state exclusively and can be joined.
final class OwnedThread: Sendable {
    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: Up to 15 bytes, shown by tools that list threads.
    ///   - niceness: The `nice` value relative to the process's other threads, 0 to 19.
    init(name: String, niceness: Int32 = 0, _ body: @escaping @Sendable () -> Void) {
        guard let thread = NativeThread.start(name: name, niceness: niceness, body) else {
            preconditionFailure("cannot create the thread \(name)")
        }
        handle = thread
    }

    /// Whether it is the calling thread.
    var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }

    /// Waits until the body has returned. Called once.
    func join() {
        pthread_join(handle, nil)
    }
}
