import CommandParsing

extension CommandTree {
    private static func checkFlags(_ prefix: String) -> [Flag] {
        [
            text("load", "The workload: s(small), m(medium), l(large) or xl(xLarge)", "s"),
            text("prefix", "The prefix of the keys that are written", prefix),
            flag("auto-compact", "Compact storage with last revision after test is finished."),
            flag("auto-defrag", "Defragment storage after test is finished."),
        ]
    }

    static let tools: [Command] = [
        Command(
            "check", "[command]", "commands for checking properties of the etcd cluster",
            subcommands: [
                Command(
                    "perf", "[options]", "Check the performance of the etcd cluster",
                    flags: checkFlags("/etcdctl-check-perf/")),
                Command(
                    "datascale", "[options]",
                    "Check the memory usage of holding data for different workloads",
                    flags: checkFlags("/etcdctl-check-datascale/")),
            ]),
        Command(
            "make-mirror", "[options] <destination>", "Makes a mirror at the destination cluster",
            flags: [
                text("prefix", "Key-value prefix to mirror"),
                text("dest-prefix", "destination prefix to mirror a prefix to a different prefix"),
                flag("no-dest-prefix", "mirror key-values to the root of the destination cluster"),
                number("rev", "revision to start the mirroring from"),
                Flag("max-txn-ops", .uint64, "128", "operations in a transaction at most"),
                text("dest-cert", "TLS certificate file for the destination cluster"),
                text("dest-key", "TLS key file"),
                text("dest-cacert", "CA bundle that verifies the destination cluster"),
                Flag(
                    "dest-insecure-transport", .bool, "true",
                    "disable transport security for the destination cluster"),
                text("dest-user", "username[:password] for the destination cluster"),
                text("dest-password", "password for the destination cluster"),
            ]),
        Command(
            "completion", "[bash|zsh|fish|powershell]", "Generate completion script"),
        Command("options", "", "Prints the flags of all commands"),
        Command("version", "", "Prints the version of etcdctl"),
        Command("help", "[command]", "Help about any command"),
    ]
}
