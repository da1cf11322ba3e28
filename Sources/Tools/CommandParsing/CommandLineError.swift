/// A command line that cannot be parsed, with the text of etcd's tools.
package enum CommandLineError: Error, Hashable {
    /// The first word is no command.
    case unknownCommand(String, suggestions: [String])
    /// A flag is unknown, or its value is missing or malformed. The usage of the command follows.
    case flag(String, command: [String])
}

/// A parsed command line.
package struct ParsedCommand: Sendable {
    /// The command with the commands that it belongs to, without the program.
    package let path: [Command]
    package let flags: FlagValues
    /// What is no flag.
    package let arguments: [String]
    /// Everything after the name of the command, flags and `--` included.
    package let words: [String]

    /// Whether `-h` or `--help` was given.
    package var asksForHelp: Bool { flags.bool("help") }

    package var names: [String] { path.map(\.name) }
}
