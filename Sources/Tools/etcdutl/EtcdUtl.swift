import ArgumentParser

/// The offline tool: works on the files of stopped members.
struct EtcdUtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "etcdutl",
        abstract: "An administrative command line tool for etcd3.",
        subcommands: [Check.self, HashKV.self, Snapshot.self, Version.self])

    /// The supported subcommands of `etcdutl snapshot`.
    struct Snapshot: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "snapshot",
            abstract: "Manages etcd node snapshots",
            subcommands: [SnapshotStatusCommand.self])
    }

    /// The version of the compatible etcd.
    struct Version: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "version", abstract: "Prints the version of etcdutl")

        func run() {
            print("etcdutl version: 3.7.1\nAPI version: 3.7")
        }
    }
}

/// The failure for the first word that should be a command but is unknown, as in etcd's tools.
func unknownCommand(
    in arguments: [String], of command: any ParsableCommand.Type, path: [String]
) -> ToolFailure? {
    let subcommands = command.configuration.subcommands
    guard let word = arguments.first, !word.hasPrefix("-"), word != "help", !subcommands.isEmpty
    else { return nil }
    guard let next = subcommands.first(where: { $0.configuration.commandName == word }) else {
        return .unknownCommand(word, of: path)
    }
    return unknownCommand(in: Array(arguments.dropFirst()), of: next, path: path + [word])
}
