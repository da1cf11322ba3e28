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

    /// A flag that the command does not have, or a word that is none.
    static func usage(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)", "Run 'etcdctl --help' for usage."], status: 1)
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
