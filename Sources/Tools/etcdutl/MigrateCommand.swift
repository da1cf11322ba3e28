import Bolt
import CommandParsing
import GoText
import Membership
import ServerLogging
import StateMachine

/// migrate: makes the files of a stopped member those of another version of etcd.
enum MigrateCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        try invocation.require(["data-dir", "target-version"])
        let target = try targetVersion(invocation.flags.string("target-version"))
        let directory = invocation.flags.string("data-dir")
        let file = DatabaseFile(
            DatabaseFile.path(in: directory), lockTimeout: invocation.lockTimeout)
        try file.requireExists()
        try file.change { (bolt) throws(ToolFailure) in
            try migrate(
                bolt, to: target, log: directory + "/member/wal",
                isForced: invocation.flags.bool("force"))
        }
    }

    /// Reads `X.Y`; the errors are those of etcd and its parser of versions.
    static func targetVersion(_ text: String) throws(ToolFailure) -> SemanticVersion {
        guard text.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 1 else {
            throw .arguments(
                "wrong target version format, expected \"X.Y\", got \(text.goQuoted)")
        }
        let numbers: [Int64]
        do throws(GoValueError) {
            numbers = try parse(text + ".0")
        } catch {
            throw .arguments("failed to parse target version: \(error)")
        }
        let version = SemanticVersion(Int(numbers[0]), Int(numbers[1]))
        guard version >= SemanticVersion(3, 5) else {
            throw .arguments(
                "target version \"\(version.majorMinor)\" not supported. Minimal \"3.5\"")
        }
        return version
    }

    private static func parse(_ text: String) throws(GoValueError) -> [Int64] {
        let core = text.prefix { $0 != "+" && $0 != "-" }
        let parts = core.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw GoValueError("\(core) is not in dotted-tri format") }
        var numbers: [Int64] = []
        for part in parts { numbers.append(try GoValue.int64(String(part), base: 10)) }
        return numbers
    }

    private static func migrate(
        _ bolt: Bolt, to target: SemanticVersion, log: String, isForced: Bool
    ) throws(ToolFailure) {
        let logger = ToolLog.logger
        guard let current = try storageVersion(of: bolt) else {
            logger.error(
                "failed to detect storage version. Please make sure you are using data dir from "
                    + "etcd v3.5 and older")
            throw .operation("missing term information")
        }
        guard current != target else {
            return logger.info(
                "storage version up-to-date", ["storage-version": .string(current.majorMinor)])
        }
        let entries: LogVersion
        do throws(ToolFailure) {
            entries = try LogVersion(directory: log)
        } catch {
            let reason = error.lines.joined(separator: "\n").dropFirst("Error: ".count)
            logger.error("Failed to finalize config", ["error": .string(String(reason))])
            throw error
        }
        do throws(ToolFailure) {
            let plan = try StorageMigration(from: current, to: target, log: entries)
            try plan.run(on: bolt)
        } catch {
            guard isForced else { throw error }
            let reason = error.lines.joined(separator: "\n").dropFirst("Error: ".count)
            logger.info(
                "normal migrate failed, trying with force", ["error": .string(String(reason))])
            try StorageMigration.force(target, on: bolt)
        }
    }

    /// nil for a database of etcd before 3.5.
    private static func storageVersion(of bolt: Bolt) throws(ToolFailure) -> SemanticVersion? {
        let transaction = bolt.beginRead()
        defer { transaction.end() }
        let state = try reading { () throws(PageFault) in try ConsistentIndex(from: transaction) }
        return state.storageVersion ?? (state.term > 0 ? SemanticVersion(3, 5) : nil)
    }
}
