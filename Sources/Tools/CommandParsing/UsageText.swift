/// The help of a command in the layout of etcd's tools.
package struct UsageText {
    private let parser: CommandLineParser
    private let program: String

    package init(_ parser: CommandLineParser) {
        self.parser = parser
        program = parser.root.name
    }

    /// The whole help.
    package func text(of path: [Command]) -> String {
        let command = path.last ?? parser.root
        let name = path.isEmpty ? program : path.map(\.name).joined(separator: " ")
        var lines = ["NAME:", "\t\(name) - \(command.summary)", ""]
        lines += ["USAGE:", "\t" + usageLine(path), ""]
        if path.isEmpty { lines += ["VERSION:", "\t3.7.1", "", "API VERSION:", "\t3.7", "", ""] }
        if command.isGroup || path.isEmpty { lines += commands(path) }
        let own = command.flags + (path.isEmpty ? [] : command.inheritedFlags)
        lines += ["OPTIONS:"] + options(own + [help(of: command)]) + [""]
        if !path.isEmpty {
            lines += ["GLOBAL OPTIONS:"] + options(parser.root.inheritedFlags) + [""]
        } else {
            lines += options(parser.root.inheritedFlags) + [""]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The flags of all commands.
    package var options: String {
        let lines = options(parser.root.inheritedFlags)
        return "The following options can be passed to any command:\n\n"
            + lines.joined(separator: "\n") + "\n"
    }

    private func usageLine(_ path: [Command]) -> String {
        let command = path.last ?? parser.root
        let words = [program] + path.map(\.name) + [command.arguments]
        let line = words.filter { !$0.isEmpty }.joined(separator: " ")
        return line + (command.isGroup || path.isEmpty ? "" : " [flags]")
    }

    private func commands(_ path: [Command]) -> [String] {
        let listed = leaves((path.last ?? parser.root).subcommands, path.map(\.name))
        return ["COMMANDS:"] + aligned(listed) + [""]
    }

    /// Commands with subcommands are listed by those.
    private func leaves(_ commands: [Command], _ path: [String]) -> [(String, String)] {
        commands.flatMap { command -> [(String, String)] in
            let names = path + [command.name]
            guard command.isGroup else {
                return [(names.joined(separator: " "), command.summary)]
            }
            return leaves(command.subcommands, names)
        }
    }

    private func options(_ flags: [Flag]) -> [String] {
        aligned(
            flags.sorted { $0.name < $1.name }.map { flag in
                let short = flag.shorthand.map { "-\($0), " } ?? "    "
                let value =
                    switch flag.kind {
                    case .bool: "[=\(flag.initial)]"
                    case .string: "=\"\(flag.initial)\""
                    case .list: "=[\(flag.initial)]"
                    case .int64, .uint64, .duration: "=\(flag.initial)"
                    }
                return ("  \(short)--\(flag.name)\(value)", flag.help)
            }, indent: "")
    }

    private func help(of command: Command) -> Flag {
        Flag("help", .bool, "false", "help for \(command.name)", shorthand: "h")
    }

    private func aligned(_ rows: [(String, String)], indent: String = "\t") -> [String] {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { left, right in
            indent + left + String(repeating: " ", count: width - left.count) + "\t" + right
        }
    }
}
