import Bolt
import Identifiers
import MVCC
import ServerLogging

/// Increases the newest revision of a database and marks it as compacted, so that watchers of the
/// former cluster never see a revision twice, and start anew.
struct RevisionBump {
    let amount: UInt64

    func run(on bolt: Bolt) throws(ToolFailure) {
        do {
            let transaction = bolt.beginWrite()
            do {
                try change(transaction)
            } catch {
                transaction.rollback()
                throw error
            }
            try transaction.commit()
        } catch let failure as ToolFailure {
            throw failure
        } catch {
            throw .operation("\(error)")
        }
    }

    private func change(_ transaction: BoltWriteTransaction) throws {
        let records = try transaction.createBucketIfMissing(StoreBucket.key)
        var cursor = records.cursor()
        let newest = try cursor.last().flatMap { RevisionKey(decoding: $0.key)?.revision.main } ?? 0
        let (sum, overflows) = newest.rawValue.addingReportingOverflow(
            Int64(clamping: amount))
        guard amount <= UInt64(Int64.max), !overflows else {
            throw ToolFailure.arguments(
                "--bump-revision \(amount) exceeds the greatest revision")
        }
        let bumped = Revision(sum)
        ToolLog.logger.info(
            "bumping latest revision",
            [
                "latest-revision": .integer(newest.rawValue), "bump-amount": .number(amount),
                "new-latest-revision": .integer(sum),
            ])
        let name = RevisionKey(RevisionPair(main: bumped)).encoded
        try records.put(name, [])
        ToolLog.logger.info("marking revision compacted", ["revision": .integer(sum)])
        try transaction.createBucketIfMissing(StoreBucket.meta)
            .put(StoreBucket.scheduledCompaction, name)
    }
}
