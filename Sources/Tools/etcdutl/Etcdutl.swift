import CommandParsing
import StandardStreams

/// etcdutl, the offline tool: finds the command of a command line and runs it.
enum Etcdutl {
    static let parser = CommandLineParser(CommandTree.root)
    static let usage = UsageText(parser)

    /// - Parameter words: without the name of the program.
    static func run(_ words: [String]) async throws(ToolFailure) {
        let command = try parse(words)
        guard !command.asksForHelp,
            let action = CommandTree.actions[command.names.joined(separator: " ")]
        else { return StandardOutput.text(usage.usage(of: command.path)) }
        try await action(Invocation(command: command))
    }

    private static func parse(_ words: [String]) throws(ToolFailure) -> ParsedCommand {
        do throws(CommandLineError) {
            return try parser.parse(words)
        } catch {
            throw ToolFailure(error)
        }
    }
}
