import CommandParsing

/// What a command does.
typealias Action = @Sendable (Invocation) async throws -> Void

/// All commands of etcdctl.
enum CommandTree {
    static let root = Command(
        "etcdctl", "", "A simple command line client for etcd3.",
        inheritedFlags: GlobalFlags.all,
        subcommands: keyValues.map { $0.listed(under: "Key-value commands") }
            + maintenance.map { $0.listed(under: "Cluster maintenance commands") }
            + concurrency.map { $0.listed(under: "Concurrency commands") }
            + users.map { $0.listed(under: "Authentication commands") }
            + tools.map { $0.listed(under: "Utility commands") })

    /// The actions by the names of commands; one without prints its help.
    static let actions: [String: Action] =
        keyValueActions
        .merging(leaseActions) { first, _ in first }
        .merging(maintenanceActions) { first, _ in first }
        .merging(memberActions) { first, _ in first }
        .merging(concurrencyActions) { first, _ in first }
        .merging(userActions) { first, _ in first }
        .merging(roleActions) { first, _ in first }
        .merging(toolActions) { first, _ in first }
        .merging(checkActions) { first, _ in first }

    static func flag(_ name: String, _ help: String) -> Flag {
        Flag(name, .bool, "false", help)
    }

    static func number(_ name: String, _ help: String) -> Flag {
        Flag(name, .int64, "0", help)
    }

    static func text(_ name: String, _ help: String, _ initial: String = "") -> Flag {
        Flag(name, .string, initial, help)
    }
}
