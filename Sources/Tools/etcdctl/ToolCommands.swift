import CommandParsing
import StandardStreams

extension CommandTree {
    static let toolActions: [String: Action] = [
        "version": { _ in
            StandardOutput.line("etcdctl version: 3.7.1")
            StandardOutput.line("API version: 3.7")
        },
        "options": { _ in
            StandardOutput.text(Etcdctl.usage.options)
        },
        "help": { HelpCommand.run($0) },
        "completion": { try CompletionCommand.run($0) },
        "make-mirror": { try await MirrorCommand.run($0) },
    ]
}

/// help: prints the help of another command.
enum HelpCommand {
    static func run(_ invocation: Invocation) {
        guard let path = Etcdctl.parser.command(of: invocation.arguments) else {
            let words = invocation.arguments.map { "`\($0)`" }.joined(separator: " ")
            StandardError.line("Unknown help topic [\(words)]")
            return StandardError.text(Etcdctl.usage.usage(of: []))
        }
        Etcdctl.help(path)
    }
}
