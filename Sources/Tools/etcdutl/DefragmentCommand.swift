import Bolt
import ServerLogging
import StandardStreams

/// defrag: replaces the database of a stopped member by a copy without free space.
enum DefragmentCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        try invocation.require(["data-dir"])
        let directory = invocation.flags.string("data-dir")
        let path = DatabaseFile.path(in: directory)
        let file = DatabaseFile(path, lockTimeout: invocation.lockTimeout)
        do throws(ToolFailure) {
            try file.requireExists()
            try file.change { (bolt) throws(ToolFailure) in try defragment(bolt, path) }
        } catch {
            guard error.status == 1 else { throw error }
            let reason = error.lines.joined(separator: "\n").dropFirst("Error: ".count)
            throw .operation("Failed to defragment etcd data[\(directory)] (\(reason))")
        }
    }

    private static func defragment(_ bolt: Bolt, _ path: String) throws(ToolFailure) {
        let before = DatabaseSizes(bolt)
        let start = ContinuousClock.now
        ToolLog.logger.info(
            "defragmenting",
            [
                "path": .string(path),
                "current-db-size-bytes": .number(before.fileBytes),
                "current-db-size": .string(ByteCount.text(before.fileBytes)),
                "current-db-size-in-use-bytes": .number(before.usedBytes),
                "current-db-size-in-use": .string(ByteCount.text(before.usedBytes)),
            ])
        do throws(BoltError) {
            try copy(bolt, to: path + ".tmp", totalBytes: before.usedBytes)
        } catch {
            throw .operation("\(error)")
        }
        let after = DatabaseSizes(bolt)
        ToolLog.logger.info(
            "finished defragmenting directory",
            [
                "path": .string(path),
                "current-db-size-bytes-diff": .number(after.fileBytes - before.fileBytes),
                "current-db-size-bytes": .number(after.fileBytes),
                "current-db-size": .string(ByteCount.text(after.fileBytes)),
                "current-db-size-in-use-bytes-diff": .number(after.usedBytes - before.usedBytes),
                "current-db-size-in-use-bytes": .number(after.usedBytes),
                "current-db-size-in-use": .string(ByteCount.text(after.usedBytes)),
                "took": .duration(ContinuousClock.now - start),
            ])
    }

    /// A crash leaves the former file, and a copy that the next start of a member removes.
    private static func copy(
        _ bolt: Bolt, to temporary: String, totalBytes: Int
    ) throws(BoltError) {
        let progress = Progress("defragmenting")
        defer { progress.end() }
        var limits = BoltDefragmentation.Limits()
        limits.bytesPerStep = stepBytes
        let defragmentation = try BoltDefragmentation(
            of: bolt, temporaryPath: temporary, limits: limits)
        while try !defragmentation.step() {
            progress.show(bytes: UInt64(defragmentation.copiedBytes), of: UInt64(totalBytes))
        }
    }

    private static let stepBytes = 4 << 20

    private struct DatabaseSizes {
        let fileBytes: Int
        let usedBytes: Int

        init(_ bolt: Bolt) {
            fileBytes = bolt.sizeBytes
            usedBytes = bolt.sizeInUseBytes
        }
    }
}
