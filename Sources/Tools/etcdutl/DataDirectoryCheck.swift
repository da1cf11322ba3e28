import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import WriteAheadLog

/// Verifies the database and the write-ahead log of a member, and that they are consistent with
/// each other.
struct DataDirectoryCheck {
    let database: String
    let log: String

    /// The violations, one line each; empty if the directory is valid.
    func run() -> [String] {
        let (applied, inDatabase) = checkDatabase()
        let (range, inLog) = checkLog()
        var violations = inDatabase + inLog
        if let applied, let range, applied > 0 {
            if applied > range.last {
                violations.append(
                    "database: entry \(applied) is applied, but the log ends at \(range.last)")
            }
            if applied < range.first {
                violations.append(
                    "database: entry \(applied) is applied, but the log begins behind "
                        + "\(range.first)")
            }
        }
        return violations
    }

    // MARK: Database

    private func checkDatabase() -> (applied: UInt64?, violations: [String]) {
        let bolt: Bolt
        do throws(BoltError) {
            var options = BoltConfiguration(readOnly: true)
            options.releasesScannedPages = true
            bolt = try Bolt.open(disk: RealDisk(), path: database, configuration: options)
        } catch {
            return (nil, ["database: \(error)"])
        }
        defer { bolt.close() }
        var violations = bolt.check().map { "database: \($0)" }
        let transaction = bolt.beginRead()
        defer { transaction.end() }
        do throws(PageFault) {
            if let records = try transaction.bucket(StoreBucket.key) {
                try Self.checkRecords(
                    records, compacted: Self.compactionRevision(transaction), &violations)
            } else {
                violations.append("database: no bucket key")
            }
            return (try Self.appliedIndex(transaction), violations)
        } catch {
            return (nil, violations + ["database: \(error)"])
        }
    }

    private static func appliedIndex(
        _ transaction: BoltReadTransaction
    ) throws(PageFault) -> UInt64? {
        guard let meta = try transaction.bucket(StoreBucket.meta),
            let bytes = try meta.get(StoreBucket.consistentIndex), bytes.count == 8
        else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The highest revision of a scheduled or finished compaction; 0 before the first.
    private static func compactionRevision(
        _ transaction: BoltReadTransaction
    ) throws(PageFault) -> Revision {
        guard let meta = try transaction.bucket(StoreBucket.meta) else { return 0 }
        var highest = Revision.zero
        for name in [StoreBucket.scheduledCompaction, StoreBucket.finishedCompaction] {
            let stored = try meta.get(name)?.withUnsafeBytes { RevisionKey(decoding: $0) }
            highest = max(highest, stored?.revision.main ?? .zero)
        }
        return highest
    }

    /// Every record decodes, and revisions ascend.
    private static func checkRecords(
        _ bucket: BoltBucket, compacted: Revision, _ violations: inout [String]
    ) throws(PageFault) {
        let violationsMax = violations.count + 100
        var last: RevisionPair?
        var cursor = bucket.cursor()
        while violations.count < violationsMax, let (key, value) = try cursor.next() {
            guard let name = RevisionKey(decoding: key) else {
                violations.append("database: \(Array(key)) is no revision")
                continue
            }
            let revision = name.revision
            if let last, revision <= last {
                violations.append("database: revision \(revision) does not ascend")
            }
            last = revision
            if isBump(name, value, compacted: compacted) { continue }
            guard let view = try? KeyValueView(decoding: value) else {
                violations.append("database: the record of revision \(revision) does not decode")
                continue
            }
            if let violation = violation(in: view, name) {
                violations.append("database: the record of revision \(revision) \(violation)")
            }
        }
    }

    /// Whether a record is written by `snapshot restore --bump-revision`: an empty value at the new
    /// latest revision, which `--mark-compacted` marks as compacted.
    private static func isBump(
        _ name: RevisionKey, _ value: UnsafeRawBufferPointer, compacted: Revision
    ) -> Bool {
        value.isEmpty && !name.isTombstone && name.revision.sub == 0
            && name.revision.main <= compacted
    }

    private static func violation(in view: KeyValueView, _ name: RevisionKey) -> String? {
        if view.key.isEmpty { return "has no key" }
        if name.isTombstone { return nil }
        if Revision(view.modRevision) != name.revision.main { return "names another revision" }
        if view.createRevision > view.modRevision || view.createRevision < 1 || view.version < 1 {
            return "has an impossible creation or version"
        }
        return nil
    }

    // MARK: Log

    private func checkLog() -> (range: (first: UInt64, last: UInt64)?, violations: [String]) {
        let disk = UnchangedDisk(RealDisk())
        do throws(LogError) {
            let snapshots = try WriteAheadLog.validSnapshots(disk: disk, directory: log)
            guard let start = snapshots.last else { throw .snapshotNotFound }
            let contents = try WriteAheadLog.read(disk, log, from: start)
            var violations: [String] = []
            var term = start.term
            for entry in contents.entries {
                if entry.term < term {
                    violations.append("log: the term of entry \(entry.index) falls")
                }
                term = entry.term
            }
            let last = contents.entries.last?.index ?? start.index
            if contents.hardState.commit > last {
                violations.append(
                    "log: entry \(contents.hardState.commit) is committed, but the last is \(last)")
            }
            return ((start.index, last), violations)
        } catch {
            return (nil, ["log: \(error)"])
        }
    }
}
