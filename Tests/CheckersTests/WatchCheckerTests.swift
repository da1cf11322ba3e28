import Checkers
import Identifiers
import Linearizability
import Testing

/// Each guarantee of a watch, kept and broken.
@Suite("Watch checker")
struct WatchCheckerTests {
    private static let all = WatchInterest(KeyRange(key: "a", end: "z"))

    private static func log() throws -> LogBuilder {
        var builder = LogBuilder()
        try builder.add(builder.put("a", "1"))  // 2
        try builder.add(builder.put("a", "2"), builder.put("b", "1"))  // 3
        try builder.add(builder.delete("a"))  // 4
        try builder.add(builder.put("b", "2"))  // 5
        return builder
    }

    /// The checker of a watcher that received these revisions, each in a response of its own.
    private static func checker(
        _ builder: LogBuilder, _ interest: WatchInterest = all, from start: Revision = 2,
        received revisions: [Revision] = []
    ) throws -> WatchChecker {
        var checker = WatchChecker(interest)
        checker.open(from: start, created: min(start, builder.log.newest))
        for revision in revisions {
            try checker.receive(
                .events(builder.events(revision, interest), header: revision), log: builder.log)
        }
        return checker
    }

    private static func isFound(
        _ checker: WatchChecker, _ response: ReceivedWatchResponse, _ builder: LogBuilder,
        by rule: String
    ) -> Bool {
        var checker = checker
        do throws(Finding) {
            try checker.receive(response, log: builder.log)
            return false
        } catch {
            return error.description.contains(rule)
        }
    }

    @Test func eventsInOrderAreSound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2, 3, 4, 5])
        #expect(checker.next == 6)
        try checker.requireReceived(through: 5, builder.log)
    }

    @Test func severalRevisionsMayComeTogether() throws {
        let builder = try Self.log()
        var checker = try Self.checker(builder)
        let events = ([2, 3, 4, 5] as [Revision]).flatMap { builder.events($0, Self.all) }
        try checker.receive(.events(events, header: 5), log: builder.log)
        #expect(checker.next == 6)
    }

    @Test func aWatchFromNowBeginsAfterItsResponse() throws {
        let builder = try Self.log()
        var checker = WatchChecker(Self.all)
        checker.open(from: 0, created: 4)
        #expect(checker.next == 5)
        #expect(
            Self.isFound(
                checker, .events(builder.events(4, Self.all), header: 4), builder, by: "unique"))
        try checker.receive(.events(builder.events(5, Self.all), header: 5), log: builder.log)
    }

    @Test func aRepeatedEventIsFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2, 3])
        for revision: Revision in [2, 3] {
            let again = ReceivedWatchResponse.events(builder.events(revision, Self.all), header: 5)
            #expect(Self.isFound(checker, again, builder, by: "unique"))
        }
    }

    @Test func aRepeatAfterAResumeIsFound() throws {
        let builder = try Self.log()
        var checker = try Self.checker(builder, received: [2, 3])
        checker.open(from: checker.next, created: 5)
        #expect(
            Self.isFound(
                checker, .events(builder.events(3, Self.all), header: 5), builder, by: "unique"))
        try checker.receive(.events(builder.events(4, Self.all), header: 5), log: builder.log)
    }

    @Test func aGapIsFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2])
        #expect(
            Self.isFound(
                checker, .events(builder.events(4, Self.all), header: 4), builder, by: "reliable"))
        #expect(throws: Finding.self) { try checker.requireReceived(through: 5, builder.log) }
        try checker.requireReceived(through: 2, builder.log)
    }

    @Test func aSplitRevisionIsFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2])
        let events = builder.events(3, Self.all)
        #expect(
            Self.isFound(checker, .events([events[0]], header: 3), builder, by: "atomic"))
        #expect(
            Self.isFound(checker, .events([events[1]], header: 3), builder, by: "atomic"))
    }

    @Test func fragmentsOfOneRevisionAreSound() throws {
        let builder = try Self.log()
        var checker = try Self.checker(builder, received: [2])
        let events = builder.events(3, Self.all)
        try checker.receive(.events([events[0]], header: 3, isFragment: true), log: builder.log)
        try checker.receive(.events([events[1]], header: 3), log: builder.log)
        #expect(checker.next == 4)
    }

    @Test func changesInAnotherOrderAreFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2])
        let events = Array(builder.events(3, Self.all).reversed())
        #expect(Self.isFound(checker, .events(events, header: 3), builder, by: "event of revision"))
    }

    @Test func aProgressAfterAllEventsIsSound() throws {
        let builder = try Self.log()
        var checker = try Self.checker(builder, received: [2, 3])
        try checker.receive(.progress(3), log: builder.log)
        #expect(checker.next == 4)
        #expect(Self.isFound(checker, .progress(4), builder, by: "bookmarkable"))
        #expect(Self.isFound(checker, .progress(6), builder, by: "bookmarkable"))
        try checker.receive(.events(builder.events(4, Self.all), header: 4), log: builder.log)
        #expect(Self.isFound(checker, .progress(3), builder, by: "bookmarkable"))
    }

    @Test func aProgressMayPassUnwatchedRevisions() throws {
        let builder = try Self.log()
        var checker = try Self.checker(builder, WatchInterest(KeyRange(key: "x")))
        try checker.receive(.progress(5), log: builder.log)
        #expect(checker.next == 6)
    }

    @Test func aHeaderThatGoesBackIsFound() throws {
        let builder = try Self.log()
        var checker = try Self.checker(builder)
        try checker.receive(.events(builder.events(2, Self.all), header: 5), log: builder.log)
        #expect(
            Self.isFound(
                checker, .events(builder.events(3, Self.all), header: 3), builder,
                by: "bookmarkable"))
    }

    @Test func aHeaderBeforeItsEventsIsFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder)
        let events = builder.events(2, Self.all) + builder.events(3, Self.all)
        #expect(Self.isFound(checker, .events(events, header: 2), builder, by: "header"))
    }

    @Test func previousPairsHaveToBeRight() throws {
        let builder = try Self.log()
        let interest = WatchInterest(KeyRange(key: "a"), wantsPrevious: true)
        var checker = try Self.checker(builder, interest, received: [2, 3])
        var events = builder.events(4, interest)
        events[0].previous = nil
        #expect(Self.isFound(checker, .events(events, header: 4), builder, by: "prev_kv"))
        events[0].previous = LogBuilder.pair("a", "1", 2, 2, 1)
        #expect(Self.isFound(checker, .events(events, header: 4), builder, by: "prev_kv"))
        try checker.receive(.events(builder.events(4, interest), header: 4), log: builder.log)
    }

    @Test func aPreviousPairThatIsCompactedMayBeMissing() throws {
        var builder = try Self.log()
        let interest = WatchInterest(KeyRange(key: "a"), wantsPrevious: true)
        var checker = try Self.checker(builder, interest, received: [2, 3])
        var events = builder.events(4, interest)
        events[0].previous = nil
        try builder.compact(3)
        #expect(Self.isFound(checker, .events(events, header: 4), builder, by: "prev_kv"))
        try builder.compact(4)
        try checker.receive(.events(events, header: 4), log: builder.log)
    }

    @Test func unrequestedPreviousPairsAreFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2])
        var events = builder.events(3, Self.all)
        events[0].previous = LogBuilder.pair("a", "1", 2, 2, 1)
        #expect(Self.isFound(checker, .events(events, header: 3), builder, by: "prev_kv"))
    }

    @Test func aWrongCreationIsFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2])
        var events = builder.events(3, Self.all)
        events[0].pair.created = 3
        #expect(Self.isFound(checker, .events(events, header: 3), builder, by: "is-create"))
    }

    @Test func filtersOmitTheirEvents() throws {
        let builder = try Self.log()
        let noPuts = WatchInterest(KeyRange(key: "a", end: "z"), omitsPuts: true)
        let noDeletions = WatchInterest(KeyRange(key: "a", end: "z"), omitsDeletions: true)
        _ = try Self.checker(builder, noPuts, received: [4])
        _ = try Self.checker(builder, noDeletions, received: [2, 3, 5])
        let put = ReceivedWatchResponse.events(builder.events(2, Self.all), header: 2)
        #expect(Self.isFound(try Self.checker(builder, noPuts), put, builder, by: "filters"))
        let deletion = ReceivedWatchResponse.events(builder.events(4, Self.all), header: 4)
        let late = try Self.checker(builder, noDeletions, received: [2, 3])
        #expect(Self.isFound(late, deletion, builder, by: "filters"))
    }

    @Test func keysOutsideTheRangeAreFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, WatchInterest(KeyRange(key: "b")))
        #expect(
            Self.isFound(
                checker, .events(builder.events(2, Self.all), header: 2), builder, by: "filters"))
        _ = try Self.checker(builder, WatchInterest(KeyRange(key: "b")), received: [3, 5])
    }

    @Test func aCompactionCancelsOnlyWatchersThatMissEvents() throws {
        var builder = try Self.log()
        try builder.compact(4)
        var checker = try Self.checker(builder)
        #expect(Self.isFound(checker, .compacted(5), builder, by: "compacted"))
        try checker.receive(.compacted(4), log: builder.log)
        #expect(checker.next == 4)
        checker.open(from: checker.next, created: 5)
        #expect(Self.isFound(checker, .compacted(4), builder, by: "compacted"))
        try checker.receive(.events(builder.events(4, Self.all), header: 5), log: builder.log)
    }

    @Test func inventedEventsAreFound() throws {
        let builder = try Self.log()
        let checker = try Self.checker(builder, received: [2, 3, 4, 5])
        let event = WatchedEvent(isDeletion: false, pair: LogBuilder.pair("a", "9", 6, 6, 1))
        #expect(Self.isFound(checker, .events([event], header: 6), builder, by: "newest revision"))
        #expect(Self.isFound(checker, .events([], header: 5), builder, by: "without events"))
    }
}
