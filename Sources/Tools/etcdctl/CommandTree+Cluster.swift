import CommandParsing

extension CommandTree {
    static let maintenance: [Command] = [
        Command(
            "member", "[command]", "Membership related commands",
            subcommands: [
                Command(
                    "add", "<memberName> [options]", "Adds a member into the cluster",
                    flags: [
                        text("peer-urls", "comma separated peer URLs for the new member."),
                        flag("learner", "indicates if the new member is raft learner"),
                    ]),
                Command("remove", "<memberID>", "Removes a member from the cluster"),
                Command(
                    "update", "<memberID> [options]", "Updates a member in the cluster",
                    flags: [
                        text("peer-urls", "comma separated peer URLs for the updated member.")
                    ]),
                Command(
                    "list", "", "Lists all members in the cluster",
                    flags: [
                        text("consistency", "Linearizable(l) or Serializable(s)", "l")
                    ]),
                Command(
                    "promote", "<memberID>", "Promotes a non-voting member in the cluster"),
            ]),
        Command(
            "endpoint", "[command]", "Endpoint related commands",
            inheritedFlags: [
                flag("cluster", "use all endpoints from the cluster member list")
            ],
            subcommands: [
                Command("health", "", "Checks the healthiness of endpoints"),
                Command("status", "", "Prints out the status of endpoints"),
                Command(
                    "hashkv", "", "Prints the KV history hash for each endpoint",
                    flags: [number("rev", "maximum revision to hash (default: latest revision)")]),
            ]),
        Command(
            "move-leader", "<transferee-member-id>", "Transfers leadership to another member"),
        Command(
            "alarm", "[command]", "Alarm related commands",
            subcommands: [
                Command("disarm", "", "Disarms all alarms"),
                Command("list", "", "Lists all alarms"),
            ]),
        Command(
            "defrag", "", "Defragments the storage of the members with given endpoints",
            flags: [flag("cluster", "use all endpoints from the cluster member list")]),
        Command(
            "snapshot", "[command]", "Manages etcd node snapshots",
            subcommands: [
                Command("save", "<filename>", "Stores a snapshot of a member in a file")
            ]),
        Command(
            "downgrade", "[command]", "Downgrade related commands",
            subcommands: [
                Command("validate", "<TARGET_VERSION>", "Validate downgrade capability"),
                Command("enable", "<TARGET_VERSION>", "Start a downgrade action"),
                Command("cancel", "", "Cancel the ongoing downgrade action"),
            ]),
    ]

    static let concurrency: [Command] = [
        Command(
            "lock", "<lockname> [exec-command arg1 arg2 ...]", "Acquires a named lock",
            flags: [Flag("ttl", .int64, "10", "timeout for session")]),
        Command(
            "elect", "<election-name> [proposal]",
            "Observes and participates in leader election",
            flags: [Flag("listen", .bool, "false", "observation mode", shorthand: "l")]),
    ]
}
