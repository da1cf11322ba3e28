import Identifiers
import Testing

@testable import Raft

/// The in-memory log.
@Suite struct RaftLogTests {
    private func entry(_ index: UInt64, _ term: UInt64, bytes: Int = 0) -> Entry {
        Entry(
            term: Term(term), index: LogIndex(index), data: [UInt8](repeating: 1, count: bytes))
    }

    private func log(_ terms: UInt64..., compactedAt: UInt64 = 0) throws -> RaftLog {
        try RaftLog(
            compacted: EntryID(term: Term(compactedAt == 0 ? 0 : 1), index: LogIndex(compactedAt)),
            entries: terms.enumerated().map { entry(compactedAt + UInt64($0) + 1, $1) },
            committed: LogIndex(compactedAt), applied: LogIndex(compactedAt))
    }

    @Test func termsOutsideTheLogAreNil() throws {
        let log = try log(1, 2, 2, compactedAt: 4)
        #expect(log.term(at: LogIndex(3)) == nil)
        #expect(log.term(at: LogIndex(4)) == Term(1))
        #expect(log.term(at: LogIndex(7)) == Term(2))
        #expect(log.term(at: LogIndex(8)) == nil)
        #expect(log.findConflictByTerm(index: LogIndex(7), term: Term(1)).index == LogIndex(5))
        #expect(log.findConflictByTerm(index: LogIndex(7), term: Term(0)).index == LogIndex(3))
    }

    @Test func returnsAtLeastOneEntryWithinTheByteLimit() throws {
        var log = try log()
        for index in 1...4 { log.append(entry(UInt64(index), 1, bytes: 76)) }
        func count(_ limit: Int) -> Int {
            log.entries(from: LogIndex(2), through: LogIndex(9), bytesMax: limit).count
        }
        #expect(count(0) == 1)
        #expect(count(199) == 1)
        #expect(count(200) == 2)
        #expect(count(.max) == 3)
        #expect(log.entries(from: LogIndex(5), through: LogIndex(9), bytesMax: 9).isEmpty)
    }

    @Test func replacedEntriesAreNotStable() throws {
        var log = try log()
        for index in 1...3 { log.append(entry(UInt64(index), 1)) }
        let first = log.takeWrite(hardState: nil, mustSynchronize: false)
        log.truncate(from: LogIndex(2))
        log.append(entry(2, 2))
        let second = log.takeWrite(hardState: nil, mustSynchronize: false)
        #expect(second.entries.map(\.id) == [EntryID(term: Term(2), index: LogIndex(2))])
        // The third write contains the same entry as the first.
        log.truncate(from: LogIndex(2))
        log.append(entry(2, 1))
        let third = log.takeWrite(hardState: nil, mustSynchronize: false)
        log.persisted(through: first.number)
        #expect(log.stable == LogIndex(1))
        log.persisted(through: second.number)
        #expect(log.stable == LogIndex(1))
        log.persisted(through: third.number)
        #expect(log.stable == LogIndex(2))
    }

    @Test func compactsOnlyWhatIsApplied() throws {
        var log = try log(1, 1, 1, 1)
        log.commit(to: LogIndex(3))
        #expect(log.takeCommitted(applyingBytesMax: 60).count == 2)
        log.applied(to: LogIndex(2))
        log.compact(to: LogIndex(4))
        #expect(log.firstIndex == LogIndex(3))
        #expect(log.lastIndex == LogIndex(4))
        #expect(log.takeCommitted(applyingBytesMax: 60).map(\.index) == [LogIndex(3)])
    }

    @Test func snapshotReplacesTheLog() throws {
        var log = try log(1, 1)
        let snapshot = Snapshot(index: LogIndex(9), term: Term(3), confState: ConfState())
        log.install(snapshot)
        log.append(entry(10, 3))
        log.commit(to: LogIndex(10))
        let write = log.takeWrite(hardState: nil, mustSynchronize: false)
        #expect(write.snapshot == snapshot)
        #expect(write.entries.count == 1)
        #expect(log.takeCommitted(applyingBytesMax: .max).isEmpty)
        log.persisted(through: write.number)
        #expect(log.takeCommitted(applyingBytesMax: .max).map(\.index) == [LogIndex(10)])
    }

    @Test func rejectsInvalidLogs() {
        #expect(throws: RestoreError.entriesNotContiguous(LogIndex(3))) {
            try RaftLog(
                compacted: .zero, entries: [entry(1, 1), entry(3, 1)], committed: .zero,
                applied: .zero)
        }
        #expect(throws: RestoreError.entriesNotContiguous(LogIndex(2))) {
            try RaftLog(
                compacted: .zero, entries: [entry(1, 2), entry(2, 1)], committed: .zero,
                applied: .zero)
        }
        #expect(throws: RestoreError.commitOutOfRange(LogIndex(2))) {
            try RaftLog(
                compacted: .zero, entries: [entry(1, 1)], committed: LogIndex(2), applied: .zero)
        }
        #expect(throws: RestoreError.appliedOutOfRange(LogIndex(2))) {
            try RaftLog(
                compacted: .zero, entries: [entry(1, 1)], committed: .zero, applied: LogIndex(2))
        }
    }

    @Test func rejectsIndexesAndTermsThatCouldOverflow() {
        let largest = EntryID(term: Term(1), index: .max)
        #expect(throws: RestoreError.outOfRange(term: Term(1), index: .max)) {
            try RaftLog(compacted: largest, entries: [], committed: .zero, applied: .max)
        }
        let last = LogIndex.limit.previous
        #expect(throws: RestoreError.outOfRange(term: Term(1), index: .limit)) {
            try RaftLog(
                compacted: EntryID(term: Term(1), index: last),
                entries: [entry(LogIndex.limit.rawValue, 1)],
                committed: .zero, applied: last)
        }
        #expect(throws: RestoreError.outOfRange(term: Term(.max), index: LogIndex(1))) {
            try RaftLog(
                compacted: .zero,
                entries: [entry(1, .max)], committed: .zero, applied: .zero)
        }
        var state = RestoredState.empty
        state.hardState.term = .limit
        #expect(throws: RestoreError.outOfRange(term: .limit, index: .zero)) {
            try RaftMachine(RaftConfiguration(id: MemberID(1), seed: 1), restoring: state)
        }
    }

    @Test func ringKeepsOrderAcrossWrapArounds() {
        var ring = EntryRing()
        var next: UInt64 = 1
        var first: UInt64 = 1
        var random = TestRandom(seed: 11)
        for _ in 0..<2_000 {
            switch random.below(3) {
            case 0:
                for _ in 0..<random.below(9) {
                    ring.append(entry(next, 1))
                    next += 1
                }
            case 1:
                let dropped = random.below(ring.count + 1)
                ring.removeFirst(dropped)
                first += UInt64(dropped)
            default:
                let dropped = random.below(min(ring.count, 3) + 1)
                ring.removeLast(dropped)
                next -= UInt64(dropped)
            }
            #expect(ring.count == Int(next - first))
            #expect(ring.copy(0..<ring.count).map(\.index.rawValue) == Array(first..<next))
        }
    }
}
