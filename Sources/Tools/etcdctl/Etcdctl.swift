import CommandParsing
import EtcdClient
import Glibc
import ResponseFormatting

/// etcdctl: finds the command of a command line and runs it.
enum Etcdctl {
    static let parser = CommandLineParser(CommandTree.root)

    static func run(_ command: ParsedCommand) async throws(ToolFailure) {
        guard let action = action(of: command) else { return help(command) }
        let environment = readEnvironment()
        var flags = command.flags
        try GlobalFlags.read(environment: environment, into: &flags)
        if flags.bool("debug") { printFlags(flags) }
        let invocation = Invocation(command: command, flags: flags, environment: environment)
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

    private static func help(_ command: ParsedCommand) {
        StandardOutput.write(Output(Array(UsageText(parser).text(of: command.path).utf8)))
    }

    /// `--debug`: the variables that stand for the global flags.
    private static func printFlags(_ flags: FlagValues) {
        for flag in GlobalFlags.all.sorted(by: { $0.name < $1.name }) {
            let value =
                flag.kind == .list ? "[\(flags.string(flag.name))]" : flags.string(flag.name)
            StandardError.line("\(GlobalFlags.variable(of: flag))=\(value)")
        }
    }

    private static func readEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(
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
            var path: [Command] = []
            for name in names {
                let commands = path.last?.subcommands ?? Etcdctl.parser.root.subcommands
                if let next = commands.first(where: { $0.name == name }) { path.append(next) }
            }
            let usage = UsageText(Etcdctl.parser).text(of: path)
            self.init(output: usage, lines: ["Error: \(text)", ""], status: 1)
        }
    }
}
