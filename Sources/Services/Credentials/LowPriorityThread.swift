import Glibc

/// Threads that yield to all other threads of the process.
enum LowPriorityThread {
    /// Runs `body` on a new thread, which ends with it.
    ///
    /// - Parameter name: up to 15 bytes.
    /// - Returns: false if the system allows no further thread; then `body` does not run.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, runThread, start.toOpaque()) == 0 else {
            start.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// A tenth of the scheduling weight of other threads.
    fileprivate static let niceness: Int32 = 10
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    nameThisThread(start.name)
    // On Linux it applies to one thread. If it fails the thread does the same work.
    _ = nice(LowPriorityThread.niceness)
    start.body()
    return nil
}

/// Writes the name to the kernel; a system without that file shows no names.
private func nameThisThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = Array(name.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
}
