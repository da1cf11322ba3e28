import CommandParsing
import StandardStreams

/// version: the version of the compatible etcd.
enum VersionCommand {
    static func run() {
        StandardOutput.line("etcdutl version: 3.7.1")
        StandardOutput.line("API version: 3.7")
    }
}

/// help: prints the help of another command.
enum HelpCommand {
    static func run(_ invocation: Invocation) {
        guard let path = Etcdutl.parser.command(of: invocation.arguments) else {
            let words = invocation.arguments.map { "`\($0)`" }.joined(separator: " ")
            StandardError.line("Unknown help topic [\(words)]")
            return StandardError.text(usageWithoutHelpFlag)
        }
        StandardOutput.text(Etcdutl.usage.usage(of: path))
    }

    /// cobra adds that flag when a command is run.
    private static var usageWithoutHelpFlag: String {
        Etcdutl.usage.usage(of: []).split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.contains("-h, --help") }.joined(separator: "\n")
    }
}

/// completion: prints a script that completes the names of commands and flags in a shell.
enum CompletionCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        let shell = try invocation.argument()
        guard let script = CompletionScript(Etcdutl.parser).text(for: shell) else {
            throw .usage(
                "invalid argument \"\(shell)\" for \"etcdutl completion\"",
                of: invocation.command.path)
        }
        StandardOutput.line(script)
    }
}
