import Bolt
import ResponseFormatting
import StandardStreams

/// snapshot status: the status of a snapshot file. The file is only read.
enum SnapshotStatusCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        guard invocation.arguments.count == 1 else {
            throw .arguments("snapshot status requires exactly one argument")
        }
        let file = DatabaseFile(
            invocation.arguments[0], lockTimeout: invocation.lockTimeout)
        try file.requireExists()
        let format = try invocation.format()
        let status = try file.read { (bolt) throws(ToolFailure) in
            try requireSound(bolt)
            return try SnapshotStatus(of: bolt, progress: Progress("reading"))
        }
        try invocation.print(status.row, as: format)
    }

    private static func requireSound(_ bolt: Bolt) throws(ToolFailure) {
        let violations = bolt.check()
        guard !violations.isEmpty else { return }
        let texts = violations.map(\.description).joined(separator: "\n")
        throw .operation(
            "snapshot file integrity check failed. \(violations.count) errors found.\n\(texts)")
    }
}

extension SnapshotStatus {
    var row: ReportRow {
        let hexadecimal = String(hash, radix: 16)
        return ReportRow(cells: [
            .init(
                field: "Hash", key: "hash", heading: "hash", text: hexadecimal, exact: "\(hash)",
                isText: false),
            .init("Revision", key: "revision", heading: "revision", number: revision.rawValue),
            .init("Keys", key: "totalKey", heading: "total keys", number: keyCount),
            .init(
                field: "Size", key: "totalSize", heading: "total size",
                text: sizeText(sizeBytes), exact: "\(sizeBytes)", isText: false),
            .init(
                field: "Version", key: "version", heading: "version", text: version,
                exact: version, isText: true),
        ])
    }
}
