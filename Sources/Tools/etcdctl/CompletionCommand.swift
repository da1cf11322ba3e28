import CommandParsing
import StandardStreams

/// completion: prints a script that completes the names of commands and flags in a shell.
enum CompletionCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        guard invocation.arguments.count == 1 else {
            throw .usage(
                "accepts 1 arg(s), received \(invocation.arguments.count)",
                of: invocation.command.path)
        }
        let shell = invocation.arguments[0]
        guard let script = CompletionScript(Etcdctl.parser).text(for: shell) else {
            throw .usage(
                "invalid argument \"\(shell)\" for \"etcdctl completion\"",
                of: invocation.command.path)
        }
        StandardOutput.line(script)
    }
}
