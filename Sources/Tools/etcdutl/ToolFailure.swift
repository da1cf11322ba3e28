import Glibc

/// Why the tool ends without having done what it was asked for: what it says on standard error,
/// and its exit status. Texts and statuses are etcd's.
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

    /// A format that the command, or the tool, does not have.
    static func format(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)"], status: 4)
    }

    /// A word that is no command; etcdutl says so twice.
    static func unknownCommand(_ word: String, of path: [String]) -> ToolFailure {
        let name = path.joined(separator: " ")
        let error = "Error: unknown command \"\(word)\" for \"\(name)\""
        return ToolFailure(lines: [error, "Run '\(name) --help' for usage.", error], status: 1)
    }

    /// Says why and ends the process.
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
