import ArgumentParser
import Bolt
import EtcdAPI
import Identifiers
import MVCC

/// `etcdutl hashkv FILE`: the hash that members compare, of a closed file. Unlike etcd's tool it
/// does not change the file, so that a snapshot's checksum stays valid.
struct HashKV: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hashkv", abstract: "Prints the KV history hash of a given file")

    @OptionGroup var output: OutputOptions
    @Option(help: "maximum revision to hash (default: latest revision)")
    var rev: Int64 = 0
    @Argument var files: [String] = []

    func run() throws {
        guard files.count == 1, let file = files.first else {
            throw ToolFailure.operation("accepts 1 arg(s), received \(files.count)")
        }
        let format = try OutputFormat(argument: output.writeOut)
        let revision = Revision(rev)
        let hash = try withDatabase(at: file) { (bolt) throws(ToolFailure) in
            try Self.hash(of: bolt, at: revision)
        }
        let compact = max(hash.compactRevision, -1)
        let row = ReportRow(cells: [
            .init("Hash", key: "hash", heading: "hash", number: hash.hash),
            .init(
                "Hash revision", key: "hashRevision", heading: "hash revision",
                number: hash.revision.rawValue),
            .init(
                "Compact revision", key: "compactRevision", heading: "compact revision",
                number: compact.rawValue),
        ])
        for line in try row.lines(format) { print(line) }
    }

    private static func hash(of bolt: Bolt, at revision: Revision) throws(ToolFailure)
        -> KeyValueHash
    {
        let isStore: Bool
        do throws(PageFault) {
            isStore = try hasBuckets(bolt)
        } catch {
            throw .operation("\(error)")
        }
        guard isStore else { throw .operation("the file holds no key-value store") }
        let store: Store
        do throws(StoreError) {
            store = try Store(bolt: bolt)
        } catch {
            throw .operation("\(error)")
        }
        do throws(ReadError) {
            return try store.hashKV(at: revision).hash
        } catch {
            throw .operation(text(of: error))
        }
    }

    private static func text(of error: ReadError) -> String {
        switch error {
        case .failed(let failure): return "\(failure)"
        case .refused(let refusal):
            // The store's own texts have no prefix `etcdserver: `.
            let prefix = "etcdserver: "
            let text = refusal.message
            return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        }
    }

    /// A store creates missing buckets, which a read-only database does not allow.
    private static func hasBuckets(_ bolt: Bolt) throws(PageFault) -> Bool {
        let transaction = bolt.beginRead()
        defer { transaction.end() }
        guard try transaction.bucket(StoreBucket.key) != nil else { return false }
        return try transaction.bucket(StoreBucket.meta) != nil
    }
}
