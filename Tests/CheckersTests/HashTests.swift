import Checkers
import Identifiers
import Linearizability
import Testing

/// The expected values follow from the rule: the records that count are listed.
@Suite("Hash of the event log")
struct HashTests {
    /// etcd's hash of an empty store.
    @Test func anEmptyStoreHasEtcdsHash() {
        #expect(EventLog().hash(at: 1, compaction: -1) == 1_084_519_789)
    }

    private static func log() throws -> EventLog {
        var builder = LogBuilder()
        try builder.add(builder.put("a", "1"))  // 2
        try builder.add(builder.put("b", "1"))  // 3
        try builder.add(builder.put("a", "2"))  // 4
        try builder.add(builder.delete("b"))  // 5
        try builder.add(builder.put("c", "1"))  // 6
        return builder.log
    }

    @Test func itDependsOnTheRevision() throws {
        let log = try Self.log()
        let hashes = (1...6).map { log.hash(at: Revision($0), compaction: -1) }
        #expect(Set(hashes).count == 6)
    }

    /// Records that a compaction removes do not count, whether or not it has been carried out.
    @Test func recordsRemovedByACompactionDoNotCount() throws {
        let log = try Self.log()
        #expect(log.hash(at: 6, compaction: 2) == log.hash(at: 6, compaction: 2))
        #expect(log.hash(at: 6, compaction: 4) != log.hash(at: 6, compaction: -1))
        var shorter = LogBuilder()
        try shorter.add(shorter.put("a", "1"))
        // At 2 there is only one record, with and without a compaction there.
        #expect(shorter.log.hash(at: 2, compaction: 2) == shorter.log.hash(at: 2, compaction: -1))
    }

    @Test func aDeletionExactlyAtTheCompactionDoesNotCount() throws {
        var builder = LogBuilder()
        try builder.add(builder.put("a", "1"))  // 2
        try builder.add(builder.put("b", "1"))  // 3
        try builder.add(builder.delete("b"))  // 4
        let log = builder.log
        #expect(log.hash(at: 4, compaction: 4) == log.hash(at: 2, compaction: -1))
        #expect(log.hash(at: 4, compaction: 3) != log.hash(at: 4, compaction: 4))
    }

    @Test func keptRecordsCountIfNothingIsLeft() throws {
        var builder = LogBuilder()
        try builder.add(builder.put("a", "1"))  // 2
        try builder.add(builder.delete("a"))  // 3
        let log = builder.log
        // The compaction kept the record of 2, so it counts, as does the deletion after it.
        #expect(log.hash(at: 3, compaction: 2) == log.hash(at: 3, compaction: -1))
        // For the compaction itself the deletion counts as found: the record of 2 does not.
        #expect(
            log.hash(at: 3, compaction: 2, isOfCompaction: true)
                != log.hash(at: 3, compaction: 2))
    }
}
