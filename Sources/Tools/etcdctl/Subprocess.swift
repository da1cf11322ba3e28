import CommandParsing
import Glibc
import NIOPosix

/// Commands that etcdctl runs for its user.
enum Subprocess {
    /// How a command ended.
    enum End: Sendable {
        case status(Int32)
        case signal(Int32)

        /// As Go prints it.
        var text: String {
            switch self {
            case .status(let status): "exit status \(status)"
            case .signal(let number): "signal: \(String(cString: strsignal(number)).lowercased())"
            }
        }

        /// The status to exit with: that of the command; 255 for a signal.
        var status: Int32 {
            if case .status(let status) = self { status } else { 255 }
        }
    }

    /// Runs a command with an empty standard input and the outputs of this process, and waits for
    /// its end.
    ///
    /// - Parameter environment: variables in addition to those of this process.
    static func run(_ command: [String], environment: [String]) async throws -> End {
        try await NIOThreadPool.singleton.runIfActive {
            try runBlocking(command, environment)
        }
    }

    /// As Go prints it: a name is looked up, a path is not.
    private static func text(of failure: Int32, _ name: String) -> String {
        let reason = String(cString: strerror(failure)).lowercased()
        if name.count > 1, name.contains("/") { return "fork/exec \(name): \(reason)" }
        switch failure {
        case ENOENT: return "exec: \"\(name)\": executable file not found in $PATH"
        // Of names without a directory only the root is one.
        case EACCES where name == "/": return "exec: \"/\": is a directory"
        default: return "exec: \"\(name)\": \(reason)"
        }
    }

    private static func runBlocking(
        _ command: [String], _ environment: [String]
    ) throws(ToolFailure) -> End {
        var inherited: [UnsafeMutablePointer<CChar>?] = []
        var entry = environ
        while let text = entry.pointee {
            inherited.append(strdup(text))
            entry += 1
        }
        let words = command.map(copy) + [nil]
        let variables = inherited + environment.map(copy) + [nil]
        defer { (words + variables).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var id: pid_t = 0
        let failure = posix_spawnp(&id, command[0], &actions, nil, words, variables)
        guard failure == 0 else {
            throw .operation(Self.text(of: failure, command[0]))
        }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
    }

    private static func copy(_ text: String) -> UnsafeMutablePointer<CChar>? {
        (text.argumentBytes + [0]).withUnsafeBytes { bytes in
            bytes.baseAddress.map { strdup($0.assumingMemoryBound(to: CChar.self)) } ?? nil
        }
    }
}
