import Bolt
import EtcdAPI
import Identifiers
import MVCC
import StandardStreams

/// The records at or below a compaction that a read at a later revision finds, by their position in
/// the history.
struct VisibleRecords {
    /// The mark of records above the compaction.
    private static let above = UInt64.max

    private let bolt: Bolt
    private let records: BoltBucket
    private let compacted: Revision
    private let progress: Progress
    private var liveKeys: LiveKeys
    /// One bit for each record.
    private var words: [UInt64] = []
    /// Keys at the revision.
    private(set) var keyCount = 0

    init(
        _ bolt: Bolt, _ records: BoltBucket, compacted: Revision, progress: Progress,
        liveKeys: LiveKeys
    ) {
        self.bolt = bolt
        self.records = records
        self.compacted = compacted
        self.progress = progress
        self.liveKeys = liveKeys
    }

    func contains(_ number: Int) -> Bool {
        number / 64 < words.count && words[number / 64] & 1 << UInt64(number % 64) != 0
    }

    /// Finds the records visible at a revision.
    mutating func find(through revision: Revision) throws(ToolFailure) {
        words = []
        keyCount = 0
        // Then every record is above the compaction and covered.
        guard compacted >= 0 else { return keyCount = 1 }
        liveKeys.restart()
        repeat {
            try readHistory(through: revision)
            keyCount += liveKeys.count
            liveKeys.forEachNumber { insert($0) }
        } while liveKeys.beginNextPass()
    }

    private mutating func readHistory(through revision: Revision) throws(ToolFailure) {
        var scan = BucketScan(bolt, progress: progress)
        var number: UInt64 = 0
        try scan.forEachRecord(of: records) { (name, _, value) throws(ToolFailure) in
            let main = name.revision.main
            guard main <= revision else { return false }
            let view = try KeyValueView(record: name, value)
            if name.isTombstone {
                liveKeys.delete(view.key)
            } else {
                liveKeys.put(view.key, number: main <= compacted ? number : Self.above)
            }
            number += 1
            return true
        }
    }

    private mutating func insert(_ number: UInt64) {
        guard number != Self.above else { return }
        let word = Int(number / 64)
        if word >= words.count {
            words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
        }
        words[word] |= 1 << (number % 64)
    }
}
