import Glibc

/// Limits of the process that runs a test; for exit tests, since a limit cannot be raised again.
package enum ProcessLimits {
    /// Limits this process to so many more bytes of address space.
    package static func addressSpace(toMore more: Int) {
        set(RLIMIT_AS, to: statusBytes(field: 0) + more)
    }

    /// Limits this process to so many more bytes of private writable memory.
    package static func data(toMore more: Int) {
        set(RLIMIT_DATA, to: statusBytes(field: 5) + more)
    }

    /// Opens descriptors until this process may have no more.
    ///
    /// - Parameter limit: descriptors that the process may have.
    package static func takeAllDescriptors(limit: Int) async throws -> [Int32] {
        set(RLIMIT_NOFILE, to: limit)
        return try await takeAllDescriptors()
    }

    /// Opens descriptors until this process may have no more.
    ///
    /// First two timers end: with the first timer of each clock, a thread of libdispatch opens a
    /// descriptor, which could be one that the test expects to be free.
    package static func takeAllDescriptors() async throws -> [Int32] {
        try await Task.sleep(for: .milliseconds(1), clock: .continuous)
        try await Task.sleep(for: .milliseconds(1), clock: .suspending)
        var taken: [Int32] = []
        while true {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return taken }
            taken.append(descriptor)
        }
    }

    private static func set(_ resource: __rlimit_resource, to value: Int) {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        guard setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { exit(99) }
    }

    /// A field of /proc/self/statm, in bytes.
    private static func statusBytes(field: Int) -> Int {
        var line = [UInt8](repeating: 0, count: 128)
        let descriptor = open("/proc/self/statm", O_RDONLY)
        let count = read(descriptor, &line, line.count)
        close(descriptor)
        guard count > 0 else { exit(98) }
        let fields = String(decoding: line[..<count], as: UTF8.self).split(separator: " ")
        guard let pages = Int(fields[field]) else { exit(97) }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
