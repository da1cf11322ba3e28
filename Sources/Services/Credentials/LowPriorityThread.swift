import Glibc

/// Threads that yield to all other threads of the process.
enum LowPriorityThread {
    /// Runs `body` on a new thread, which ends with it.
    ///
    /// - Returns: false if the system allows no further thread; then `body` does not run.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, run, start.toOpaque()) == 0 else {
            start.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// A fiftieth of the scheduling weight of other threads.
    private static let niceness: Int32 = 17

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        { argument in
            guard let argument else { return nil }
            let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            pthread_setname_np(pthread_self(), start.name)
            // On Linux it applies to one thread. If it fails the thread does the same work.
            _ = nice(niceness)
            start.body()
            return nil
        }
}
