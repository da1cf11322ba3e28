import CommandParsing

extension CommandTree {
    private static let rangeFlags = [
        flag("prefix", "of all keys with the prefix"),
        flag("from-key", "of all keys that are greater than or equal to the given key"),
    ]

    static let users: [Command] = [
        Command(
            "auth", "[command]", "Enable or disable authentication",
            subcommands: [
                Command("enable", "", "Enables authentication"),
                Command("disable", "", "Disables authentication"),
                Command("status", "", "Returns authentication status"),
            ]),
        Command(
            "user", "[command]", "User related commands",
            subcommands: [
                Command(
                    "add", "<user name or user:password> [options]", "Adds a new user",
                    flags: [
                        Flag(
                            "interactive", .bool, "true",
                            "Read the password from the terminal instead of stdin"),
                        text("new-user-password", "Supply password from the command line flag"),
                        flag("no-password", "Create a user without password (CN based auth only)"),
                    ]),
                Command("delete", "<user name>", "Deletes a user"),
                Command(
                    "get", "<user name> [options]", "Gets detailed information of a user",
                    flags: [flag("detail", "Show permissions of roles granted to the user")]),
                Command("list", "", "Lists all users"),
                Command(
                    "passwd", "<user name> [options]", "Changes password of user",
                    flags: [
                        Flag(
                            "interactive", .bool, "true",
                            "Read the password from the terminal instead of stdin")
                    ]),
                Command("grant-role", "<user name> <role name>", "Grants a role to a user"),
                Command("revoke-role", "<user name> <role name>", "Revokes a role from a user"),
            ]),
        Command(
            "role", "[command]", "Role related commands",
            subcommands: [
                Command("add", "<role name>", "Adds a new role"),
                Command("delete", "<role name>", "Deletes a role"),
                Command("get", "<role name>", "Gets detailed information of a role"),
                Command("list", "", "Lists all roles"),
                Command(
                    "grant-permission",
                    "[options] <role name> <permission type> <key> [endkey]",
                    "Grants a key to a role", flags: rangeFlags),
                Command(
                    "revoke-permission", "<role name> <key> [endkey]",
                    "Revokes a key from a role", flags: rangeFlags),
            ]),
    ]
}
