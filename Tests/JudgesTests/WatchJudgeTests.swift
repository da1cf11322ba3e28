import Judges
import Linearizability
import Testing

/// Each rule of a watch, kept and broken.
@Suite("Judge of watches")
struct WatchJudgeTests {
    private static let all = WatchInterest(KeyRange(key: "a", end: "z"))

    private static func log() throws -> LogBuilder {
        var builder = LogBuilder()
        try builder.add(builder.put("a", "1"))  // 2
        try builder.add(builder.put("a", "2"), builder.put("b", "1"))  // 3
        try builder.add(builder.delete("a"))  // 4
        try builder.add(builder.put("b", "2"))  // 5
        return builder
    }

    /// A watcher that is told these revisions, each in a response of its own.
    private static func judge(
        _ builder: LogBuilder, _ interest: WatchInterest = all, from start: Int64 = 2,
        told revisions: [Int64] = []
    ) throws -> WatchJudge {
        var judge = WatchJudge(interest)
        judge.open(from: start, created: min(start, builder.log.newest))
        for revision in revisions {
            try judge.take(
                .events(builder.events(revision, interest), header: revision), log: builder.log)
        }
        return judge
    }

    private static func isFound(
        _ judge: WatchJudge, _ response: WatchResponse, _ builder: LogBuilder, by rule: String
    ) -> Bool {
        var judge = judge
        do throws(Finding) {
            try judge.take(response, log: builder.log)
            return false
        } catch {
            return error.description.contains(rule)
        }
    }

    @Test func allInOrderIsSound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2, 3, 4, 5])
        #expect(judge.next == 6)
        try judge.requireTold(through: 5, builder.log)
    }

    @Test func severalRevisionsMayComeTogether() throws {
        let builder = try Self.log()
        var judge = try Self.judge(builder)
        let events = (2...5).flatMap { builder.events($0, Self.all) }
        try judge.take(.events(events, header: 5), log: builder.log)
        #expect(judge.next == 6)
    }

    @Test func aWatchFromNowBeginsBehindItsAnswer() throws {
        let builder = try Self.log()
        var judge = WatchJudge(Self.all)
        judge.open(from: 0, created: 4)
        #expect(judge.next == 5)
        #expect(
            Self.isFound(
                judge, .events(builder.events(4, Self.all), header: 4), builder, by: "unique"))
        try judge.take(.events(builder.events(5, Self.all), header: 5), log: builder.log)
    }

    @Test func aRepeatedEventIsFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2, 3])
        for revision: Int64 in [2, 3] {
            let again = WatchResponse.events(builder.events(revision, Self.all), header: 5)
            #expect(Self.isFound(judge, again, builder, by: "unique"))
        }
    }

    @Test func aRepeatAfterAResumeIsFound() throws {
        let builder = try Self.log()
        var judge = try Self.judge(builder, told: [2, 3])
        judge.open(from: judge.next, created: 5)
        #expect(
            Self.isFound(
                judge, .events(builder.events(3, Self.all), header: 5), builder, by: "unique"))
        try judge.take(.events(builder.events(4, Self.all), header: 5), log: builder.log)
    }

    @Test func aGapIsFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2])
        #expect(
            Self.isFound(
                judge, .events(builder.events(4, Self.all), header: 4), builder, by: "reliable"))
        #expect(throws: Finding.self) { try judge.requireTold(through: 5, builder.log) }
        try judge.requireTold(through: 2, builder.log)
    }

    @Test func aSplitRevisionIsFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2])
        let events = builder.events(3, Self.all)
        #expect(
            Self.isFound(judge, .events([events[0]], header: 3), builder, by: "atomic"))
        #expect(
            Self.isFound(judge, .events([events[1]], header: 3), builder, by: "atomic"))
    }

    @Test func fragmentsOfOneRevisionAreSound() throws {
        let builder = try Self.log()
        var judge = try Self.judge(builder, told: [2])
        let events = builder.events(3, Self.all)
        try judge.take(.events([events[0]], header: 3, isFragment: true), log: builder.log)
        try judge.take(.events([events[1]], header: 3), log: builder.log)
        #expect(judge.next == 4)
    }

    @Test func changesInAnotherOrderAreFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2])
        let events = Array(builder.events(3, Self.all).reversed())
        #expect(Self.isFound(judge, .events(events, header: 3), builder, by: "event of revision"))
    }

    @Test func aProgressBehindAllEventsIsSound() throws {
        let builder = try Self.log()
        var judge = try Self.judge(builder, told: [2, 3])
        try judge.take(.progress(3), log: builder.log)
        #expect(judge.next == 4)
        #expect(Self.isFound(judge, .progress(4), builder, by: "bookmarkable"))
        #expect(Self.isFound(judge, .progress(6), builder, by: "bookmarkable"))
        try judge.take(.events(builder.events(4, Self.all), header: 4), log: builder.log)
        #expect(Self.isFound(judge, .progress(3), builder, by: "bookmarkable"))
    }

    @Test func aProgressMayPassWhatIsNotWatched() throws {
        let builder = try Self.log()
        var judge = try Self.judge(builder, WatchInterest(KeyRange(key: "x")))
        try judge.take(.progress(5), log: builder.log)
        #expect(judge.next == 6)
    }

    @Test func aHeaderThatGoesBackIsFound() throws {
        let builder = try Self.log()
        var judge = try Self.judge(builder)
        try judge.take(.events(builder.events(2, Self.all), header: 5), log: builder.log)
        #expect(
            Self.isFound(
                judge, .events(builder.events(3, Self.all), header: 3), builder,
                by: "bookmarkable"))
    }

    @Test func aHeaderBeforeItsEventsIsFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder)
        let events = builder.events(2, Self.all) + builder.events(3, Self.all)
        #expect(Self.isFound(judge, .events(events, header: 2), builder, by: "header"))
    }

    @Test func previousPairsHaveToBeRight() throws {
        let builder = try Self.log()
        let interest = WatchInterest(KeyRange(key: "a"), wantsPrevious: true)
        var judge = try Self.judge(builder, interest, told: [2, 3])
        var events = builder.events(4, interest)
        events[0].previous = nil
        #expect(Self.isFound(judge, .events(events, header: 4), builder, by: "prev_kv"))
        events[0].previous = LogBuilder.pair("a", "1", 2, 2, 1)
        #expect(Self.isFound(judge, .events(events, header: 4), builder, by: "prev_kv"))
        try judge.take(.events(builder.events(4, interest), header: 4), log: builder.log)
    }

    @Test func aPreviousPairThatIsCompactedMayBeMissing() throws {
        var builder = try Self.log()
        let interest = WatchInterest(KeyRange(key: "a"), wantsPrevious: true)
        var judge = try Self.judge(builder, interest, told: [2, 3])
        var events = builder.events(4, interest)
        events[0].previous = nil
        try builder.compact(3)
        #expect(Self.isFound(judge, .events(events, header: 4), builder, by: "prev_kv"))
        try builder.compact(4)
        try judge.take(.events(events, header: 4), log: builder.log)
    }

    @Test func previousPairsOfThoseWhoDoNotWantThemAreFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2])
        var events = builder.events(3, Self.all)
        events[0].previous = LogBuilder.pair("a", "1", 2, 2, 1)
        #expect(Self.isFound(judge, .events(events, header: 3), builder, by: "prev_kv"))
    }

    @Test func aWrongCreationIsFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2])
        var events = builder.events(3, Self.all)
        events[0].pair.created = 3
        #expect(Self.isFound(judge, .events(events, header: 3), builder, by: "is-create"))
    }

    @Test func filtersLeaveOutWhatTheyName() throws {
        let builder = try Self.log()
        let noPuts = WatchInterest(KeyRange(key: "a", end: "z"), omitsPuts: true)
        let noDeletions = WatchInterest(KeyRange(key: "a", end: "z"), omitsDeletions: true)
        _ = try Self.judge(builder, noPuts, told: [4])
        _ = try Self.judge(builder, noDeletions, told: [2, 3, 5])
        let put = WatchResponse.events(builder.events(2, Self.all), header: 2)
        #expect(Self.isFound(try Self.judge(builder, noPuts), put, builder, by: "filters"))
        let deletion = WatchResponse.events(builder.events(4, Self.all), header: 4)
        let late = try Self.judge(builder, noDeletions, told: [2, 3])
        #expect(Self.isFound(late, deletion, builder, by: "filters"))
    }

    @Test func keysOutsideTheRangeAreFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, WatchInterest(KeyRange(key: "b")))
        #expect(
            Self.isFound(
                judge, .events(builder.events(2, Self.all), header: 2), builder, by: "filters"))
        _ = try Self.judge(builder, WatchInterest(KeyRange(key: "b")), told: [3, 5])
    }

    @Test func aCompactionEndsOnlyWhoNeedsWhatIsGone() throws {
        var builder = try Self.log()
        try builder.compact(4)
        var judge = try Self.judge(builder)
        #expect(Self.isFound(judge, .compacted(5), builder, by: "compacted"))
        try judge.take(.compacted(4), log: builder.log)
        #expect(judge.next == 4)
        judge.open(from: judge.next, created: 5)
        #expect(Self.isFound(judge, .compacted(4), builder, by: "compacted"))
        try judge.take(.events(builder.events(4, Self.all), header: 5), log: builder.log)
    }

    @Test func eventsThatNeverWereAreFound() throws {
        let builder = try Self.log()
        let judge = try Self.judge(builder, told: [2, 3, 4, 5])
        let event = WatchedEvent(isDeletion: false, pair: LogBuilder.pair("a", "9", 6, 6, 1))
        #expect(Self.isFound(judge, .events([event], header: 6), builder, by: "newest revision"))
        #expect(Self.isFound(judge, .events([], header: 5), builder, by: "without events"))
    }
}
