import StandardStreams

/// check: verifies database and log of a stopped member without changing them. Not a command of
/// etcd's tool.
enum CheckCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        try invocation.require(["data-dir"])
        let directory = invocation.flags.string("data-dir")
        let log = invocation.flags.string("wal-dir")
        let check = DataDirectoryCheck(
            database: directory + "/member/snap/db",
            log: log.isEmpty ? directory + "/member/wal" : log)
        let violations = check.run()
        for violation in violations { StandardOutput.line(violation) }
        guard violations.isEmpty else { throw ToolFailure(lines: [], status: 1) }
        StandardOutput.line("database and log are sound")
    }
}
