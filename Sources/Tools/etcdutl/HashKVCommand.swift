import Bolt
import Identifiers
import StandardStreams

/// hashkv: the hash that members compare, of a closed file. Unlike etcd's tool it does not change
/// the file, so that a snapshot's checksum stays valid.
enum HashKVCommand {
    static func run(_ invocation: Invocation) throws(ToolFailure) {
        let path = try invocation.argument()
        let format = try invocation.format()
        let file = DatabaseFile(path, lockTimeout: invocation.lockTimeout)
        try file.requireExists()
        let revision = Revision(invocation.flags.int64("rev"))
        let hash = try file.read(panics: true) { (bolt) throws(ToolFailure) in
            try HistoryHash(of: bolt, at: revision, progress: Progress("reading"))
        }
        let row = ReportRow(cells: [
            .init("Hash", key: "hash", heading: "hash", number: hash.hash),
            .init(
                "Hash revision", key: "hashRevision", heading: "hash revision",
                number: hash.revision.rawValue),
            .init(
                "Compact revision", key: "compactRevision", heading: "compact revision",
                number: hash.compactRevision.rawValue),
        ])
        try invocation.print(row, as: format)
    }
}
