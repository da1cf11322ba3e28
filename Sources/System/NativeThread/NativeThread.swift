package import Glibc

/// Threads of the system, for work that blocks or that must not share a thread.
package enum NativeThread {
    /// Starts a thread, which the caller joins or detaches.
    ///
    /// - Parameters:
    ///   - name: up to 15 bytes, shown by tools that list threads.
    ///   - niceness: the `nice` value relative to the process's other threads, 0 to 19.
    /// - Returns: nil if the system allows no further thread; then `body` does not run.
    package static func start(
        name: String, niceness: Int32 = 0, _ body: @escaping @Sendable () -> Void
    ) -> pthread_t? {
        let start = Unmanaged.passRetained(Start(name: name, niceness: niceness, body: body))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, run, start.toOpaque()) == 0 else {
            start.release()
            return nil
        }
        return thread
    }

    /// Starts a thread that ends with `body`. Returns false as `start` returns nil.
    package static func startDetached(
        name: String, niceness: Int32 = 0, _ body: @escaping @Sendable () -> Void
    ) -> Bool {
        guard let thread = start(name: name, niceness: niceness, body) else { return false }
        pthread_detach(thread)
        return true
    }
}

private final class Start: Sendable {
    let name: String
    let niceness: Int32
    let body: @Sendable () -> Void

    init(name: String, niceness: Int32, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.niceness = niceness
        self.body = body
    }
}

private func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    nameThisThread(start.name)
    // On Linux it applies to one thread. If it fails the thread does the same work.
    if start.niceness > 0 { _ = nice(start.niceness) }
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
