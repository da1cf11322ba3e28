import CommandParsing

/// What a command does.
typealias Action = @Sendable (Invocation) async throws(ToolFailure) -> Void

/// All commands of etcdutl.
enum CommandTree {
    static let root = Command(
        "etcdutl", "", "An administrative command line tool for etcd3.",
        inheritedFlags: [
            Flag(
                "timeout", .duration, "10s",
                "time to wait to obtain a file lock on db file, 0 to block indefinitely"),
            Flag(
                "write-out", .string, "simple",
                "set the output format (fields, json, protobuf, simple, table)", shorthand: "w"),
        ],
        subcommands: [check, completion, defrag, hashkv, help, migrate, snapshot, version])

    /// The actions by the names of commands; one without prints its help.
    static let actions: [String: Action] = [
        "check": { invocation throws(ToolFailure) in try CheckCommand.run(invocation) },
        "completion": { invocation throws(ToolFailure) in try CompletionCommand.run(invocation) },
        "defrag": { invocation throws(ToolFailure) in try DefragmentCommand.run(invocation) },
        "hashkv": { invocation throws(ToolFailure) in try HashKVCommand.run(invocation) },
        "help": { invocation throws(ToolFailure) in HelpCommand.run(invocation) },
        "migrate": { invocation throws(ToolFailure) in try MigrateCommand.run(invocation) },
        "snapshot restore": { invocation throws(ToolFailure) in
            try await RestoreCommand.run(invocation)
        },
        "snapshot status": { invocation throws(ToolFailure) in
            try SnapshotStatusCommand.run(invocation)
        },
        "version": { invocation throws(ToolFailure) in VersionCommand.run() },
    ]

    private static func text(_ name: String, _ help: String, _ initial: String = "") -> Flag {
        Flag(name, .string, initial, help)
    }

    private static let check = Command(
        "check", "", "Verifies every page, record and checksum of a data directory",
        flags: [
            text("data-dir", "Required. Verifies a data directory not in use by etcd."),
            text("wal-dir", "Path to the WAL directory (use --data-dir if none given)"),
        ])

    private static let completion = Command(
        "completion", "[bash|zsh|fish|powershell]", "Generate completion script")

    private static let defrag = Command(
        "defrag", "", "Defragments the storage of the etcd",
        flags: [text("data-dir", "Required. Defragments a data directory not in use by etcd.")])

    private static let hashkv = Command(
        "hashkv", "<filename>", "Prints the KV history hash of a given file",
        flags: [
            Flag("rev", .int64, "0", "maximum revision to hash (default: latest revision)")
        ])

    private static let help = Command("help", "[command]", "Help about any command")

    private static let migrate = Command(
        "migrate", "",
        "Migrates schema of etcd data dir files to make them compatible with different etcd version",
        flags: [
            text("data-dir", "Path to the etcd data dir"),
            text(
                "target-version",
                "Target etcd version to migrate contents of data dir. Minimal value 3.5. "
                    + "Format \"X.Y\" for example 3.6."),
            Flag(
                "force", .bool, "false",
                "Ignore migration failure and forcefully override storage version. "
                    + "Not recommended."),
        ])

    private static let snapshot = Command(
        "snapshot", "<subcommand>", "Manages etcd node snapshots",
        subcommands: [
            Command(
                "restore", "<filename> --data-dir {output dir} [options]",
                "Restores an etcd member snapshot to an etcd directory", flags: restoreFlags),
            Command("status", "<filename>", "Gets backend snapshot status of a given file"),
        ])

    private static let version = Command("version", "", "Prints the version of etcdutl")

    private static let restoreFlags: [Flag] = [
        text("data-dir", "Path to the output data directory"),
        text("wal-dir", "Path to the WAL directory (use --data-dir if none given)"),
        text(
            "initial-cluster", "Initial cluster configuration for restore bootstrap",
            "default=http://localhost:2380"),
        text(
            "initial-cluster-token",
            "Initial cluster token for the etcd cluster during restore bootstrap", "etcd-cluster"),
        text(
            "initial-advertise-peer-urls",
            "List of this member's peer URLs to advertise to the rest of the cluster",
            "http://localhost:2380"),
        text("name", "Human-readable name for this member", "default"),
        Flag(
            "skip-hash-check", .bool, "false",
            "Ignore snapshot integrity hash value (required if copied from data directory)"),
        Flag(
            "initial-memory-map-size", .uint64, "10737418240",
            "Initial memory map size of the database in bytes. It uses the default value if not "
                + "defined or defined to 0"),
        Flag(
            "bump-revision", .uint64, "0",
            "How much to increase the latest revision after restore"),
        Flag(
            "mark-compacted", .bool, "false",
            "Mark the latest revision after restore as the point of scheduled compaction "
                + "(required if --bump-revision > 0, disallowed otherwise)"),
    ]
}
