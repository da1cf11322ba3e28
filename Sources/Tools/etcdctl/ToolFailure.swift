import Glibc

/// Why the tool fails: the lines on standard error and the exit status. Texts and statuses are
/// etcd's.
struct ToolFailure: Error {
    let lines: [String]
    let status: Int32

    /// An operation failed.
    static func operation(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)"], status: 1)
    }

    /// An argument is missing, superfluous or malformed.
    static func arguments(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)"], status: 128)
    }

    /// An unknown flag or command.
    static func usage(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)", "Run 'etcdctl --help' for usage."], status: 1)
    }

    /// Prints the lines and exits.
    func end() -> Never {
        var rest = Array((lines.joined(separator: "\n") + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { break }
            rest = rest.dropFirst(max(count, 0))
        }
        exit(status)
    }
}
