import Disk
import Identifiers
import Linearizability
import Testing

/// The check by revisions: compared with the general search on short histories, and tested for the
/// violations that it finds in long ones.
@Suite("Order by revisions")
struct RevisionOrderTests {
    @Test(arguments: 1...40)
    func agreesWithTheGeneralSearch(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let calls = RandomHistory.make(count: 40, pendingOneIn: 12, &random)
        #expect(StoreHistory(calls).check() == .linearizable, "seed \(seed)")
        #expect(StoreHistory(calls).checkByRevision() == .linearizable, "seed \(seed)")
        for _ in 0..<30 {
            let changed = StoreHistory(RandomHistory.mutate(calls, &random))
            let general = changed.check(stepsMax: 200_000)
            if case .undecided = general { continue }
            let isRight = general == .linearizable
            #expect(
                (changed.checkByRevision() == .linearizable) == isRight,
                "seed \(seed): \(changed.describe(general))")
        }
    }

    @Test(arguments: 1...4)
    func tenThousandCallsWithManyPendingAreDecided(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let calls = RandomHistory.make(count: 10_000, pendingOneIn: 40, &random)
        #expect(StoreHistory(calls).checkByRevision() == .linearizable, "seed \(seed)")
    }

    @Test(arguments: 1...20)
    func aStaleReadIsFound(seed: UInt64) throws {
        var (calls, random) = Self.longHistory(seed)
        let reads = calls.indices.filter { calls[$0].isRead }
        // A read gets the response of one that returned long before it began.
        let late = try #require(reads.filter { $0 > 1500 }.randomElement(using: &random))
        let early = try #require(
            reads.last {
                guard let completion = calls[$0].completion, let other = calls[late].completion
                else { return false }
                return completion.returnedAt < calls[late].calledAt - 2000
                    && completion.response.revision < other.response.revision
            })
        let stale = try #require(calls[early].completion?.response)
        calls[late] = calls[late].completed(stale, operation: calls[early].operation)
        #expect(Self.isViolation(calls), "seed \(seed)")
    }

    @Test(arguments: 1...20)
    func aLostWriteIsFound(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let calls = RandomHistory.makeLosingPut(count: 2000, &random)
        #expect(Self.isViolation(calls), "seed \(seed)")
    }

    @Test(arguments: 1...20)
    func aRevisionUsedTwiceIsFound(seed: UInt64) throws {
        var (calls, random) = Self.longHistory(seed)
        let puts = calls.indices.filter { calls[$0].completion?.response.body == .put() }
        let position = try #require(puts.dropFirst().randomElement(using: &random))
        let other = try #require(puts.last { $0 < position })
        let revision = try #require(calls[other].completion?.response.revision)
        calls[position] = calls[position].completed(StoreResponse(revision: revision, .put()))
        #expect(Self.isViolation(calls), "seed \(seed)")
    }

    @Test func aRevisionThatNoCallCanHaveTakenIsFound() {
        func put(_ value: String, _ time: Int, _ revision: Revision) -> StoreCall {
            StoreCall(
                client: 1, operation: .put(key: "a", value: value), calledAt: time,
                response: StoreResponse(revision: revision, .put()), returnedAt: time + 1)
        }
        let lateCall = StoreCall(client: 2, operation: .put(key: "b", value: "x"), calledAt: 7)
        let earlyCall = StoreCall(client: 2, operation: .put(key: "b", value: "x"), calledAt: 4)
        let calls = [put("1", 1, 2), put("2", 5, 4)]
        #expect(Self.isViolation(calls))
        #expect(Self.isViolation(calls + [lateCall]))
        #expect(StoreHistory(calls + [earlyCall]).checkByRevision() == .linearizable)
    }

    @Test func aResponseFromBeforeTheHistoryIsFound() {
        let read = StoreCall(
            client: 1, operation: .range(key: "a", end: nil), calledAt: 1,
            response: StoreResponse(revision: 4, .range([])), returnedAt: 2)
        let put = StoreCall(
            client: 1, operation: .put(key: "a", value: "1"), calledAt: 1,
            response: StoreResponse(revision: 5, .put()), returnedAt: 2)
        for call in [read, put] {
            let initial = StoreModel.State(revision: 5)
            #expect(StoreHistory([call]).checkByRevision(from: initial) != .linearizable)
        }
    }

    @Test func aSearchThatTakesTooLongIsUndecided() {
        var random = SeededGenerator(seed: 1)
        let history = StoreHistory(RandomHistory.make(count: 50, pendingOneIn: 10, &random))
        #expect(history.checkByRevision(stepsMax: 3) == .undecided(steps: 3))
    }

    private static func longHistory(_ seed: UInt64) -> ([StoreCall], SeededGenerator) {
        var random = SeededGenerator(seed: seed)
        return (RandomHistory.make(count: 2000, pendingOneIn: 50, &random), random)
    }

    private static func isViolation(_ calls: [StoreCall]) -> Bool {
        if case .violation = StoreHistory(calls).checkByRevision() { return true }
        return false
    }
}
