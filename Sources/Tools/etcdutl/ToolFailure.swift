import CommandParsing
import Glibc
import StandardStreams

/// Why the tool fails: the lines on the standard error and the exit status. Texts and statuses are
/// etcd's.
struct ToolFailure: Error {
    let lines: [String]
    let status: Int32

    init(lines: [String], status: Int32) {
        self.lines = lines
        self.status = status
    }

    /// An operation failed.
    static func operation(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)"], status: 1)
    }

    /// An argument is missing, superfluous or malformed.
    static func arguments(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)"], status: 128)
    }

    /// An output format that the command or the tool does not support.
    static func format(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["Error: \(message)"], status: 4)
    }

    /// A malformed command line: the usage of the command, between two lines of the error.
    static func usage(_ message: String, of path: [Command]) -> ToolFailure {
        let error = "Error: \(message)"
        return ToolFailure(lines: [error, Etcdutl.usage.usage(of: path), error], status: 1)
    }

    /// What makes etcd's tool panic, after it has logged why.
    static func panic(_ message: String) -> ToolFailure {
        ToolFailure(lines: ["panic: \(message)"], status: 2)
    }

    init(_ error: CommandLineError) {
        switch error {
        case .unknownCommand(let word, let suggestions):
            let name = Etcdutl.parser.root.name
            var message = "Error: unknown command \"\(word)\" for \"\(name)\""
            if !suggestions.isEmpty {
                message += "\n\nDid you mean this?\n"
                message += suggestions.map { "\t\($0)\n" }.joined()
            }
            self.init(lines: [message, "Run '\(name) --help' for usage.", message], status: 1)
        case .flag(let text, let names):
            self = .usage(text, of: Etcdutl.parser.command(of: names) ?? [])
        }
    }

    /// Prints the lines and exits.
    func end() -> Never {
        for line in lines { StandardError.line(line) }
        exit(status)
    }
}
