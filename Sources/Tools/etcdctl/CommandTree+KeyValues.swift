import CommandParsing

extension CommandTree {
    static let put = Command(
        "put", "[options] <key> <value> (<value> can also be given from stdin)",
        "Puts the given key into the store",
        flags: [
            text("lease", "lease ID (in hexadecimal) to attach to the key", "0"),
            flag("prev-kv", "return the previous key-value pair before modification"),
            flag("ignore-value", "updates the key using its current value"),
            flag("ignore-lease", "updates the key using its current lease"),
        ])

    static let get = Command(
        "get", "[options] <key> [range_end]", "Gets the key or a range of keys",
        flags: [
            text("consistency", "Linearizable(l) or Serializable(s)", "l"),
            text("order", "Order of results; ASCEND or DESCEND (ASCEND by default)"),
            text("sort-by", "Sort target; CREATE, KEY, MODIFY, VALUE, or VERSION"),
            number("limit", "Maximum number of results"),
            flag("prefix", "Get keys with matching prefix"),
            flag("from-key", "Get keys that are greater than or equal to the given key"),
            number("rev", "Specify the kv revision"),
            flag("keys-only", "Get only the keys"), flag("count-only", "Get only the count"),
            flag("print-value-only", "Only write values in the simple output format"),
            number("min-create-rev", "Minimum create revision"),
            number("max-create-rev", "Maximum create revision"),
            number("min-mod-rev", "Minimum modification revision"),
            number("max-mod-rev", "Maximum modification revision"),
            flag("stream", "Receive the result in pieces"),
        ])

    static let del = Command(
        "del", "[options] <key> [range_end]", "Removes the specified key or range of keys",
        flags: [
            flag("prefix", "delete keys with matching prefix"),
            flag("prev-kv", "return deleted key-value pairs"),
            flag("from-key", "delete keys that are greater than or equal to the given key"),
            flag("range", "delete range of keys without delay"),
        ])

    static let watch = Command(
        "watch",
        "[options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
        "Watches events stream on keys or prefixes",
        flags: [
            Flag("interactive", .bool, "false", "Interactive mode", shorthand: "i"),
            flag("prefix", "Watch on a prefix if prefix is set"),
            number("rev", "Revision to start watching"),
            flag("prev-kv", "get the previous key-value pair before the event happens"),
            flag("progress-notify", "get periodic watch progress notification from server"),
        ])

    static let keyValues: [Command] = [
        get, put, del,
        Command(
            "txn", "[options]", "Txn processes all the requests in one transaction",
            flags: [
                Flag(
                    "interactive", .bool, "false", "Input transaction in interactive mode",
                    shorthand: "i")
            ]),
        Command(
            "compaction", "[options] <revision>", "Compacts the event history in etcd",
            flags: [flag("physical", "wait until the history is removed from the database")]),
        watch, lease,
    ]

    private static let lease = Command(
        "lease", "[command]", "Lease related commands",
        subcommands: [
            Command("grant", "<ttl>", "Creates leases"),
            Command("revoke", "<leaseID>", "Revokes leases"),
            Command(
                "timetolive", "<leaseID> [options]", "Get lease information",
                flags: [flag("keys", "Get keys attached to this lease")]),
            Command("list", "", "List all active leases"),
            Command(
                "keep-alive", "[options] <leaseID>", "Keeps leases alive (renew)",
                flags: [flag("once", "Renews the lease once, and exits")]),
        ])
}
