import ArgumentParser
import Bolt
import Disk
import ResponseFormatting

/// `etcdutl snapshot status FILE`: the status of a snapshot file. The file is only read.
struct SnapshotStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Gets backend snapshot status of a given file")

    @OptionGroup var output: OutputOptions
    @Argument var files: [String] = []

    func run() throws {
        guard files.count == 1, let file = files.first else {
            throw ToolFailure.arguments("snapshot status requires exactly one argument")
        }
        let format = try OutputFormat(argument: output.writeOut)
        let status = try withDatabase(at: file) { (bolt) throws(ToolFailure) in
            let violations = bolt.check()
            guard violations.isEmpty else {
                let texts = violations.map(\.description).joined(separator: "\n")
                throw .operation(
                    "snapshot file integrity check failed. "
                        + "\(violations.count) errors found.\n\(texts)")
            }
            return try SnapshotStatus(of: bolt)
        }
        for line in try status.row.lines(format) { print(line) }
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

/// Opens a database file for reading, runs `body`, closes it.
func withDatabase<Result>(
    at path: String, _ body: (Bolt) throws(ToolFailure) -> Result
) throws(ToolFailure) -> Result {
    let disk = RealDisk()
    guard disk.exists(path) else {
        throw .operation("stat \(path): no such file or directory")
    }
    let bolt: Bolt
    do throws(BoltError) {
        let configuration = BoltConfiguration(readOnly: true)
        bolt = try Bolt.open(disk: disk, path: path, configuration: configuration)
    } catch {
        throw .operation("\(path): \(error)")
    }
    defer { bolt.close() }
    return try body(bolt)
}
