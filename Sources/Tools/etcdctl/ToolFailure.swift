import CommandParsing
import EtcdAPI
import EtcdClient
import Glibc
import StandardStreams
import StatusCodes

/// Why the tool fails: the lines on the standard error and the exit status. Texts and statuses are
/// etcd's.
struct ToolFailure: Error {
    let lines: [String]
    let status: Int32

    init(lines: [String], status: Int32) {
        self.lines = lines
        self.status = status
    }

    private init(_ message: String, _ status: Int32) {
        self.init(lines: ["Error: \(message)"], status: status)
    }

    /// The text of a failure of one line.
    var message: String { lines.first.map { String($0.dropFirst("Error: ".count)) } ?? "" }

    /// An operation failed.
    static func operation(_ message: String) -> ToolFailure { ToolFailure(message, 1) }
    /// The cluster cannot be reached, or does not accept the user.
    static func connection(_ message: String) -> ToolFailure { ToolFailure(message, 2) }
    /// What is read from the standard input is malformed.
    static func input(_ message: String) -> ToolFailure { ToolFailure(message, 3) }
    /// A value that is not one of the known ones.
    static func feature(_ message: String) -> ToolFailure { ToolFailure(message, 4) }
    /// A long operation was interrupted.
    static func interrupted(_ message: String) -> ToolFailure { ToolFailure(message, 5) }
    /// An argument is missing, superfluous or malformed.
    static func arguments(_ message: String) -> ToolFailure { ToolFailure(message, 128) }

    /// A command line that is malformed: the usage of the command follows.
    static func usage(_ message: String, of path: [Command]) -> ToolFailure {
        ToolFailure(
            lines: ["Error: \(message)", Etcdctl.usage.usage(of: path)], status: 1)
    }

    /// Prints the lines and exits.
    func end() -> Never {
        for line in lines { StandardError.line(line) }
        exit(status)
    }
}

extension EtcdClientError {
    /// As gRPC clients print it.
    var untranslatedText: String {
        let name = StatusCode(rawValue: code.rawValue)?.name ?? "Unknown"
        return "rpc error: code = \(name) desc = \(message)"
    }

    /// As etcd's tools print it: a cluster that cannot be reached is one that did not respond in
    /// time.
    var toolText: String {
        reason == .unavailable && isCertainlyNotExecuted ? "context deadline exceeded" : description
    }
}
