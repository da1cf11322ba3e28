import EtcdClient
import Glibc
import ResponseFormatting

/// Why the tool fails: the lines on standard error and the exit status. Texts and statuses are
/// etcd's.
struct ToolFailure: Error {
    /// On the standard output before the lines: the usage of a command.
    let output: String
    let lines: [String]
    let status: Int32

    init(output: String = "", lines: [String], status: Int32) {
        self.output = output
        self.lines = lines
        self.status = status
    }

    private init(_ message: String, _ status: Int32) {
        self.init(lines: ["Error: \(message)"], status: status)
    }

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

    /// Prints the lines and exits.
    func end() -> Never {
        StandardOutput.write(Output(Array(output.utf8)))
        for line in lines { StandardError.line(line) }
        exit(status)
    }
}

extension EtcdClientError {
    /// As etcd's tools print it: a cluster that cannot be reached is one that did not respond in
    /// time.
    var toolText: String {
        reason == .unavailable && isCertainlyNotExecuted ? "context deadline exceeded" : description
    }
}
