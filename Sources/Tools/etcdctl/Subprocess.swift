import Glibc
import NIOPosix

/// Commands that etcdctl runs for its user.
enum Subprocess {
    /// Runs a command with the streams of this process, and waits for its end.
    ///
    /// - Parameter environment: variables in addition to those of this process.
    /// - Returns: the exit status; 128 and the signal if a signal ended it.
    static func run(_ command: [String], environment: [String]) async throws -> Int32 {
        try await NIOThreadPool.singleton.runIfActive {
            try runBlocking(command, environment)
        }
    }

    private static func runBlocking(
        _ command: [String], _ environment: [String]
    ) throws(ToolFailure) -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that this process waits for are not blocked in the command.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var inherited: [String] = []
        var entry = environ
        while let text = entry.pointee {
            inherited.append(String(cString: text))
            entry += 1
        }
        let words = command.map { strdup($0) } + [nil]
        let variables = (inherited + environment).map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var id: pid_t = 0
        let failure = posix_spawnp(&id, command[0], nil, &attributes, words, variables)
        guard failure == 0 else {
            let reason =
                failure == ENOENT
                ? "executable file not found in $PATH"
                : String(cString: strerror(failure)).lowercased()
            throw .operation("exec: \"\(command[0])\": \(reason)")
        }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}
