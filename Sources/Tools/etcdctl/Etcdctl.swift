import CommandParsing
import EtcdClient
import Glibc
import ResponseFormatting
import StandardStreams

/// etcdctl: finds the command of a command line and runs it.
enum Etcdctl {
    static let parser = CommandLineParser(CommandTree.root)
    static let usage = UsageText(parser, hidesGlobalFlags: true)

    static func run(_ command: ParsedCommand) async throws(ToolFailure) {
        guard let action = action(of: command) else { return help(command.path) }
        let invocation = Invocation(command: command, environment: readEnvironment())
        do {
            try await action(invocation)
        } catch let failure as ToolFailure {
            throw failure
        } catch let error as EtcdClientError {
            throw .operation(error.toolText)
        } catch {
            throw .operation("\(error)")
        }
    }

    /// - Parameter words: without the name of the program.
    static func parse(_ words: [String]) throws(ToolFailure) -> ParsedCommand {
        do throws(CommandLineError) {
            return try parser.parse(words)
        } catch {
            throw ToolFailure(error)
        }
    }

    /// nil: the command prints its help.
    private static func action(of command: ParsedCommand) -> Action? {
        if command.asksForHelp { return nil }
        return CommandTree.actions[command.names.joined(separator: " ")]
    }

    /// Prints the help of a command.
    static func help(_ path: [Command]) {
        StandardOutput.text(usage.help(of: path))
        StandardOutput.line(
            "Use \"etcdctl options\" for a list of global command-line options (applies to all "
                + "commands).")
    }

    private static func readEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(argument: UnsafeRawBufferPointer(start: text, count: strlen(text)))
                .split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return variables
    }
}

extension ToolFailure {
    fileprivate init(_ error: CommandLineError) {
        switch error {
        case .unknownCommand(let word, let suggestions):
            var lines = ["Error: unknown command \"\(word)\" for \"etcdctl\""]
            if !suggestions.isEmpty {
                lines += ["", "Did you mean this?"] + suggestions.map { "\t" + $0 } + [""]
            }
            self.init(lines: lines + ["Run 'etcdctl --help' for usage."], status: 1)
        case .flag(let text, let names):
            self = .usage(text, of: Etcdctl.parser.command(of: names) ?? [])
        }
    }
}
