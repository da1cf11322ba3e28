/// A command of a command line: what it accepts, and its subcommands.
package struct Command: Sendable {
    /// The word that selects it.
    package let name: String
    /// What follows the name in its usage line: `[options] <key> [range_end]`.
    package let arguments: String
    /// One line for the list of commands.
    package let summary: String
    /// The heading under which the help of the program lists it; nil: none.
    package let group: String?
    package let flags: [Flag]
    /// Flags of this command and of all its subcommands.
    package let inheritedFlags: [Flag]
    package let subcommands: [Command]

    package init(
        _ name: String, _ arguments: String = "", _ summary: String, group: String? = nil,
        flags: [Flag] = [], inheritedFlags: [Flag] = [], subcommands: [Command] = []
    ) {
        self.name = name
        self.arguments = arguments
        self.summary = summary
        self.group = group
        self.flags = flags
        self.inheritedFlags = inheritedFlags
        self.subcommands = subcommands
    }

    /// Commands with subcommands do nothing by themselves: they print their help.
    package var isGroup: Bool { !subcommands.isEmpty }

    /// The same command under a heading of the program's help.
    package func listed(under group: String) -> Command {
        Command(
            name, arguments, summary, group: group, flags: flags, inheritedFlags: inheritedFlags,
            subcommands: subcommands)
    }

    /// The subcommand of this name, or the only one whose name begins with it.
    func subcommand(_ word: String) -> Command? {
        if let exact = subcommands.first(where: { $0.name == word }) { return exact }
        let matches = subcommands.filter { $0.name.hasPrefix(word) }
        return matches.count == 1 ? matches[0] : nil
    }
}

/// A flag of a command: `--name`, and for some `-n`.
package struct Flag: Sendable {
    package enum Kind: Sendable {
        case bool, string, int64, uint64, duration
        /// Comma separated, may be repeated.
        case list
    }

    package let name: String
    package let shorthand: Character?
    package let kind: Kind
    /// The text of the value without the flag.
    package let initial: String
    package let help: String

    package init(
        _ name: String, _ kind: Kind, _ initial: String, _ help: String,
        shorthand: Character? = nil
    ) {
        self.name = name
        self.kind = kind
        self.initial = initial
        self.help = help
        self.shorthand = shorthand
    }

    /// The flag that every command has.
    static func help(of command: Command) -> Flag {
        Flag("help", .bool, "false", "help for \(command.name)", shorthand: "h")
    }

    /// As error messages name it: `-w, --write-out`.
    var title: String { (shorthand.map { "-\($0), " } ?? "") + "--" + name }
}
