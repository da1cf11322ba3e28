/// The help of a command in the layout of cobra and pflag, the libraries of etcd's tools.
package struct UsageText {
    private let parser: CommandLineParser
    private let hidesGlobalFlags: Bool

    /// - Parameter hidesGlobalFlags: the flags of all commands are in no help; `options` has them.
    package init(_ parser: CommandLineParser, hidesGlobalFlags: Bool = false) {
        self.parser = parser
        self.hidesGlobalFlags = hidesGlobalFlags
    }

    /// The whole help: what the command does, and its usage.
    package func help(of path: [Command]) -> String {
        let summary = (path.last ?? parser.root).summary
        return (summary.isEmpty ? "" : summary + "\n\n") + usage(of: path)
    }

    /// What follows the error of a command line.
    package func usage(of path: [Command]) -> String {
        let command = path.last ?? parser.root
        let isGroup = command.isGroup || path.isEmpty
        let name = ([parser.root.name] + path.map(\.name)).joined(separator: " ")
        let line = [name, isGroup ? "[command]" : command.arguments]
            .filter { !$0.isEmpty }.joined(separator: " ")
        var text = "Usage:\n  " + line + (takesFlags(path) ? " [flags]" : "") + "\n"
        if isGroup { text += commands(of: command) }
        text += section("Flags", own(path)) + section("Global Flags", inherited(path))
        if isGroup {
            text += "\nUse \"\(name) [command] --help\" for more information about a command.\n"
        }
        return text
    }

    /// The flags of all commands.
    package var options: String {
        "The following options can be passed to any command:\n\n"
            + FlagTable(parser.root.inheritedFlags).text
    }

    /// Groups have no `[flags]`, nor do commands whose arguments are a choice of words.
    private func takesFlags(_ path: [Command]) -> Bool {
        guard let command = path.last, !command.isGroup else { return false }
        return !command.arguments.contains("|")
    }

    private func own(_ path: [Command]) -> [Flag] {
        guard let command = path.last else {
            return hidesGlobalFlags
                ? [] : parser.root.inheritedFlags + [.help(of: parser.root)]
        }
        return command.flags + command.inheritedFlags + [.help(of: command)]
    }

    private func inherited(_ path: [Command]) -> [Flag] {
        guard !path.isEmpty else { return [] }
        return (hidesGlobalFlags ? [] : parser.root.inheritedFlags)
            + path.dropLast().flatMap(\.inheritedFlags)
    }

    private func section(_ title: String, _ flags: [Flag]) -> String {
        flags.isEmpty ? "" : "\n\(title):\n" + FlagTable(flags).text
    }

    /// The commands under the headings of their groups.
    private func commands(of command: Command) -> String {
        var titles: [String] = []
        for group in command.subcommands.compactMap(\.group) where !titles.contains(group) {
            titles.append(group)
        }
        let widthMin = 11
        let width = command.subcommands.map(\.name.count).reduce(widthMin, max)
        func rows(_ commands: [Command]) -> String {
            commands.sorted { $0.name < $1.name }.map { one in
                let padding = String(repeating: " ", count: width - one.name.count)
                return "  \(one.name)\(padding) \(one.summary)\n"
            }.joined()
        }
        guard !titles.isEmpty else {
            return "\nAvailable Commands:\n" + rows(command.subcommands)
        }
        return titles.map { title in
            "\n\(title)\n" + rows(command.subcommands.filter { $0.group == title })
        }.joined()
    }
}

/// Flags as pflag lists them: name and kind, what it is for, and the value without the flag.
private struct FlagTable {
    private let flags: [Flag]

    init(_ flags: [Flag]) {
        self.flags = flags.sorted { $0.name < $1.name }
    }

    var text: String {
        let titles = flags.map(title)
        let width = titles.map(\.count).max() ?? 0
        return zip(flags, titles).map { flag, title in
            let padding = String(repeating: " ", count: width - title.count + 3)
            return title + padding + flag.help + initial(flag) + "\n"
        }.joined()
    }

    private func title(_ flag: Flag) -> String {
        let shorthand = flag.shorthand.map { "  -\($0), " } ?? "      "
        let kind =
            switch flag.kind {
            case .bool: ""
            case .string: " string"
            case .list: " strings"
            case .int64: " int"
            case .uint64: " uint"
            case .duration: " duration"
            }
        return shorthand + "--" + flag.name + kind
    }

    /// The value without the flag, unless that is empty, zero or false.
    private func initial(_ flag: Flag) -> String {
        switch flag.kind {
        case .bool where flag.initial == "false": ""
        case .string: flag.initial.isEmpty ? "" : " (default \"\(flag.initial)\")"
        case .list: flag.initial.isEmpty ? "" : " (default [\(flag.initial)])"
        case .int64 where flag.initial == "0": ""
        case .uint64 where flag.initial == "0": ""
        case .duration where flag.initial == "0s": ""
        default: " (default \(flag.initial))"
        }
    }
}
