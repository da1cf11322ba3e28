import Glibc

/// A thread that owns its state exclusively and can be joined.
final class OwnedThread: @unchecked Sendable {
    // `handle` is written once in init before the object is shared.
    private var handle = pthread_t()

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: Up to 15 bytes, shown by tools that list threads.
    ///   - niceness: The `nice` value relative to the process's other threads, 0 to 19.
    init(name: String, niceness: Int32 = 0, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, niceness: niceness, body: body))
        let status = pthread_create(&handle, nil, runThread, start.toOpaque())
        precondition(status == 0, "cannot create the thread \(name)")
    }

    /// Whether it is the calling thread.
    var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }

    /// Waits until the body has returned. Called once.
    func join() {
        pthread_join(handle, nil)
    }
}

private final class Start: @unchecked Sendable {
    let name: String
    let niceness: Int32
    let body: @Sendable () -> Void

    init(name: String, niceness: Int32, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.niceness = niceness
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
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
