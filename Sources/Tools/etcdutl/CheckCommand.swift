import ArgumentParser
import Glibc

/// `etcdutl check --data-dir DIR`: verifies database and log of a stopped member without changing
/// them. Not a command of etcd's tool.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verifies a data directory: every page, every record, every checksum")

    @Option(name: .customLong("data-dir"), help: "path to the data directory")
    var dataDirectory: String
    @Option(
        name: .customLong("wal-dir"), help: "path to the log, if it is not in the data directory")
    var logDirectory: String?

    func run() throws {
        let check = DataDirectoryCheck(
            database: dataDirectory + "/member/snap/db",
            log: logDirectory ?? dataDirectory + "/member/wal")
        let violations = check.run()
        for violation in violations { print(violation) }
        guard violations.isEmpty else { throw ExitCode(1) }
        print("database and log are sound")
    }
}
