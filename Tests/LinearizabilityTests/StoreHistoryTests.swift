import Identifiers
import Linearizability
import Testing

@Suite("Histories of a store")
struct StoreHistoryTests {
    private static func pair(
        _ key: String, _ value: String, _ created: Revision, _ modified: Revision, _ version: Int64
    ) -> StoredPair {
        StoredPair(key: key, value: value, created: created, modified: modified, version: version)
    }

    private static func call(
        _ client: Int, _ operation: StoreOperation, _ times: ClosedRange<Int>, _ revision: Revision,
        _ result: StoreResponseBody
    ) -> StoreCall {
        StoreCall(
            client: client, operation: operation, calledAt: times.lowerBound,
            response: StoreResponse(revision: revision, result), returnedAt: times.upperBound)
    }

    @Test func operationsInSequenceAreLinearizable() {
        let history = StoreHistory([
            Self.call(1, .put(key: "a", value: "1"), 1...2, 2, .put()),
            Self.call(
                1, .range(key: "a", end: nil), 3...4, 2, .range([Self.pair("a", "1", 2, 2, 1)])),
            Self.call(1, .delete(key: "a"), 5...6, 3, .deleted(1)),
            Self.call(1, .delete(key: "a"), 7...8, 3, .deleted(0)),
            Self.call(1, .range(key: "a", end: "z"), 9...10, 3, .range([])),
        ])
        #expect(history.check() == .linearizable)
    }

    @Test func aReadThatMissesAnAcknowledgedPutIsAViolation() {
        let history = StoreHistory([
            Self.call(1, .put(key: "a", value: "1"), 1...2, 2, .put()),
            Self.call(2, .range(key: "a", end: nil), 3...4, 1, .range([])),
        ])
        #expect(history.check() == .violation(longest: [0], stuck: [1]))
        #expect(history.checkByKey() == .violation(longest: [0], stuck: [1]))
    }

    @Test func aReadDuringAPutMaySeeItOrNot() {
        for (revision, pairs) in [(1, []), (2, [Self.pair("a", "1", 2, 2, 1)])] {
            let history = StoreHistory([
                Self.call(1, .put(key: "a", value: "1"), 1...4, 2, .put()),
                Self.call(
                    2, .range(key: "a", end: nil), 2...3, Revision(Int64(revision)), .range(pairs)),
            ])
            #expect(history.check() == .linearizable)
            #expect(history.checkByKey() == .linearizable)
        }
    }

    @Test func aReadAfterAReadMustNotGoBack() {
        let history = StoreHistory([
            Self.call(1, .put(key: "a", value: "1"), 1...10, 2, .put()),
            Self.call(
                2, .range(key: "a", end: nil), 2...3, 2, .range([Self.pair("a", "1", 2, 2, 1)])),
            Self.call(3, .range(key: "a", end: nil), 4...5, 1, .range([])),
        ])
        #expect(history.check() != .linearizable)
        #expect(history.checkByKey() != .linearizable)
    }

    @Test func aRevisionGivenTwiceIsAViolation() {
        let history = StoreHistory([
            Self.call(1, .put(key: "a", value: "1"), 1...4, 2, .put()),
            Self.call(2, .put(key: "b", value: "2"), 2...3, 2, .put()),
        ])
        #expect(history.check() != .linearizable)
    }

    @Test func aPendingPutMayTakeEffectLaterOrNever() {
        let pending = StoreCall(
            client: 1, operation: .put(key: "a", value: "x"), calledAt: 1)
        let seenLate = [
            pending,
            Self.call(2, .range(key: "a", end: nil), 2...3, 1, .range([])),
            Self.call(
                2, .range(key: "a", end: nil), 4...5, 2, .range([Self.pair("a", "x", 2, 2, 1)])),
        ]
        let neverSeen = [
            pending, Self.call(2, .put(key: "b", value: "1"), 2...3, 2, .put()),
        ]
        for calls in [seenLate, neverSeen] {
            #expect(StoreHistory(calls).check() == .linearizable)
            #expect(StoreHistory(calls).checkByKey() == .linearizable)
        }
    }

    @Test func aPendingPutCannotTakeEffectBeforeItsCall() {
        let history = StoreHistory([
            Self.call(
                2, .range(key: "a", end: nil), 1...2, 2, .range([Self.pair("a", "x", 2, 2, 1)])),
            StoreCall(client: 1, operation: .put(key: "a", value: "x"), calledAt: 3),
        ])
        #expect(history.check() == .violation(longest: [], stuck: [0]))
    }

    @Test func ofTwoCompareAndSwapsOnlyOneSucceeds() {
        func swap(_ client: Int, _ times: ClosedRange<Int>, _ succeeded: Bool) -> StoreCall {
            let put = StoreOperation.put(key: "lock", value: "\(client)")
            let free = StoreOperation.Comparison(key: "lock", .equal, .created(0))
            return Self.call(
                client, .transaction([free], success: [put], failure: []), times, 2,
                .transaction(succeeded: succeeded, succeeded ? [.put()] : []))
        }
        #expect(
            StoreHistory([swap(1, 1...4, true), swap(2, 2...3, false)]).check() == .linearizable)
        #expect(
            StoreHistory([swap(1, 1...4, true), swap(2, 2...3, true)]).check() != .linearizable)
        #expect(StoreHistory([swap(1, 1...2, true), swap(2, 3...4, true)]).checkByKey() == nil)
    }

    @Test func valuesOfMissingKeysEqualNothing() {
        let unequal = StoreOperation.Comparison(key: "a", .notEqual, .value("1"))
        let history = StoreHistory([
            Self.call(
                1, .transaction([unequal], success: [], failure: []), 1...2, 1,
                .transaction(succeeded: false, []))
        ])
        #expect(history.check() == .linearizable)
    }

    @Test func aSearchThatTakesTooLongIsUndecided() {
        let history = StoreHistory([
            Self.call(1, .put(key: "a", value: "1"), 1...2, 2, .put()),
            Self.call(1, .put(key: "a", value: "2"), 3...4, 3, .put()),
        ])
        #expect(history.check(stepsMax: 1) == .undecided(steps: 1))
    }
}
