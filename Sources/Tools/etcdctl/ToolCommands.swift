import CommandParsing
import ResponseFormatting

extension CommandTree {
    static let toolActions: [String: Action] = [
        "version": { _ in
            StandardOutput.line("etcdctl version: 3.7.1")
            StandardOutput.line("API version: 3.7")
        },
        "options": { _ in
            StandardOutput.write(Output(Array(UsageText(Etcdctl.parser).options.utf8)))
        },
        "help": { HelpCommand.run($0) },
        "completion": { try CompletionCommand.run($0) },
        "make-mirror": { try await MirrorCommand.run($0) },
    ]
}

/// help: prints the help of another command.
enum HelpCommand {
    static func run(_ invocation: Invocation) {
        var path: [Command] = []
        for word in invocation.arguments {
            let commands = path.last?.subcommands ?? CommandTree.root.subcommands
            guard let next = commands.first(where: { $0.name == word }) else {
                let words = invocation.arguments.map { "`\($0)`" }.joined(separator: " ")
                StandardError.line("Unknown help topic [\(words)]")
                path = []
                break
            }
            path.append(next)
        }
        StandardOutput.write(Output(Array(UsageText(Etcdctl.parser).text(of: path).utf8)))
    }
}
