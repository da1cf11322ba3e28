import Checkers
import Identifiers
import Linearizability
import Testing

@Suite("Event log")
struct EventLogTests {
    private static func log() throws -> LogBuilder {
        var builder = LogBuilder()
        try builder.add(builder.put("a", "1"))  // 2
        try builder.add(builder.put("a", "2"), builder.put("b", "1", lease: 7))  // 3
        try builder.add(builder.delete("a"))  // 4
        try builder.add(builder.put("a", "3"))  // 5
        return builder
    }

    @Test func statesOfAllRevisionsAreKnown() throws {
        let log = try Self.log().log
        #expect(log.newest == 5)
        #expect(log.pair(of: "a", at: 1) == nil)
        #expect(log.pair(of: "a", at: 2) == LogBuilder.pair("a", "1", 2, 2, 1))
        #expect(log.pair(of: "a", at: 3) == LogBuilder.pair("a", "2", 2, 3, 2))
        #expect(log.pair(of: "a", at: 4) == nil)
        #expect(log.pair(of: "a", at: 9) == LogBuilder.pair("a", "3", 5, 5, 1))
        #expect(log.pairs(.all, at: 3).map(\.key) == ["a", "b"])
        #expect(log.keys(of: 7, at: 4) == ["b"])
        #expect(log.changes(at: 4).map(\.previous) == [LogBuilder.pair("a", "2", 2, 3, 2)])
    }

    @Test func inconsistentChangesAreFound() throws {
        let builder = try Self.log()
        let wrong: [[RecordedChange]] = [
            [],
            [.put(LogBuilder.pair("a", "4", 5, 6, 3))],
            [.put(LogBuilder.pair("a", "4", 6, 6, 2))],
            [.put(LogBuilder.pair("a", "4", 5, 5, 2))],
            [.put(LogBuilder.pair("c", "4", 5, 6, 1))],
            [.deletion(of: "c", at: 6)],
            [builder.put("a", "4"), builder.delete("a")],
        ]
        for changes in wrong {
            var log = builder.log
            #expect(throws: Finding.self, "\(changes)") { try log.append(changes, at: 6) }
        }
        var log = builder.log
        #expect(throws: Finding.self) { try log.append([builder.put("a", "4")], at: 7) }
        try log.append([builder.put("a", "4")], at: 6)
    }

    @Test func anotherMemberMustHaveTheSame() throws {
        let builder = try Self.log()
        let log = builder.log
        var changes = log.changes(at: 3).map(\.change)
        try log.require(changes, at: 3)
        #expect(throws: Finding.self) { try log.require(changes.reversed(), at: 3) }
        changes[0].record.append(0)
        #expect(throws: Finding.self) { try log.require(changes, at: 3) }
        #expect(throws: Finding.self) { try log.require(changes, at: 4) }
    }

    @Test func compactionsGoUpToTheNewestRevision() throws {
        var log = try Self.log().log
        try log.compact(at: 3)
        #expect(throws: Finding.self) { try log.compact(at: 3) }
        #expect(throws: Finding.self) { try log.compact(at: 6) }
        #expect(throws: Finding.self) { try log.requireNoCompaction(at: 4) }
        try log.requireNoCompaction(at: 3)
        try log.requireNoCompaction(at: 6)
    }
}

@Suite("Reads by revision")
struct ReadTests {
    private static func log() throws -> EventLog {
        var builder = LogBuilder()
        for key in ["a", "b", "c"] { try builder.add(builder.put(key, "1")) }  // 2, 3, 4
        try builder.add(builder.delete("b"))  // 5
        return builder.log
    }

    private let position = StorePosition(revision: 5, compacted: 3)

    @Test func newestAndOldRevisionsAreRead() throws {
        let log = try Self.log()
        let range = KeyRange(key: "a", end: "z")
        func keys(_ request: RecordedRead) -> [String]? {
            guard case .pairs(let pairs, _, _) = log.response(to: request, at: position) else {
                return nil
            }
            return pairs.map(\.key)
        }
        #expect(keys(RecordedRead(range)) == ["a", "c"])
        #expect(keys(RecordedRead(range, revision: 4)) == ["a", "b", "c"])
        #expect(keys(RecordedRead(range, revision: 3)) == ["a", "b"])
        #expect(keys(RecordedRead(KeyRange(key: "b"), revision: 3)) == ["b"])
        #expect(log.response(to: RecordedRead(range, revision: 2), at: position) == .compacted)
        #expect(log.response(to: RecordedRead(range, revision: 6), at: position) == .futureRevision)
    }

    @Test func aLimitOmitsTheRestAndCountsIt() throws {
        let log = try Self.log()
        let request = RecordedRead(KeyRange(key: "a", end: "z"), revision: 4, limit: 2)
        guard case .pairs(let pairs, let more, let count) = log.response(to: request, at: position)
        else {
            Issue.record("no pairs")
            return
        }
        #expect(pairs.map(\.key) == ["a", "b"])
        #expect(more)
        #expect(count == 3)
        try log.require(.pairs(pairs, more: true, count: 3), to: request, at: position)
    }

    @Test func wrongResponsesAreFound() throws {
        let log = try Self.log()
        let request = RecordedRead(KeyRange(key: "a", end: "z"), revision: 4, limit: 2)
        let pairs = log.pairs(request.range, at: 4)
        let wrong: [RecordedReadResponse] = [
            .pairs(pairs, more: false, count: 3),
            .pairs(Array(pairs.prefix(2)), more: false, count: 3),
            .pairs(Array(pairs.prefix(2)), more: true, count: 2),
            .pairs(Array(pairs.suffix(2)), more: true, count: 3), .compacted, .futureRevision,
        ]
        for response in wrong {
            #expect(throws: Finding.self) { try log.require(response, to: request, at: position) }
        }
        let old = RecordedRead(request.range, revision: 2)
        #expect(throws: Finding.self) {
            try log.require(
                .pairs([pairs[0]], more: false, count: 1), to: old, at: position)
        }
    }

    /// Keys `a` to `c`, versions 1, 3 and 2, values descending.
    private static func arrangedLog() throws -> EventLog {
        var builder = LogBuilder()
        for (key, value) in [("a", "9"), ("b", "7"), ("c", "6"), ("b", "8"), ("c", "5")] {
            try builder.add(builder.put(key, value, lease: 7))  // 2 to 6
        }
        try builder.add(builder.put("b", "8", lease: 7))  // 7
        return builder.log
    }

    private static func keys(_ change: (inout RecordedRead) -> Void) throws -> [String] {
        var request = RecordedRead(KeyRange(key: "a", end: "z"))
        change(&request)
        let position = StorePosition(revision: 7, compacted: -1)
        guard case .pairs(let pairs, _, 3) = try arrangedLog().response(to: request, at: position)
        else { return [] }
        return pairs.map(\.key)
    }

    @Test func readsAreSortedBeforeTheyAreCut() throws {
        #expect(
            try Self.keys { $0.order = ReadOrder(by: .version, isDescending: true) }
                == ["b", "c", "a"])
        #expect(
            try Self.keys { $0.order = ReadOrder(by: .value, isDescending: false) }
                == ["c", "b", "a"])
        #expect(
            try Self.keys {
                $0.order = ReadOrder(by: .key, isDescending: true)
                $0.limit = 1
            } == ["c"])
    }

    @Test func boundsOnRevisionsOmitPairs() throws {
        #expect(try Self.keys { $0.modified = RevisionBounds(least: 6) } == ["b", "c"])
        #expect(try Self.keys { $0.modified = RevisionBounds(greatest: 6) } == ["a", "c"])
        #expect(try Self.keys { $0.created = RevisionBounds(least: 3, greatest: 3) } == ["b"])
    }

    @Test func keysAndCountsOmitTheRest() throws {
        let log = try Self.arrangedLog()
        let position = StorePosition(revision: 7, compacted: -1)
        var request = RecordedRead(KeyRange(key: "b"))
        request.extent = .keys
        var pair = LogBuilder.pair("b", "", 3, 7, 3)
        #expect(log.response(to: request, at: position) == .pairs([pair], more: false, count: 1))
        request.order = ReadOrder(by: .value, isDescending: false)
        pair.lease = 7
        #expect(log.response(to: request, at: position) == .pairs([pair], more: false, count: 1))
        request.extent = .count
        #expect(log.response(to: request, at: position) == .pairs([], more: false, count: 1))
    }
}
