import Identifiers
import Linearizability
import Testing

/// Responses of the whole store, each kind correct and with one error.
@Suite("Model of the store")
struct StoreModelTests {
    private static func pair(
        _ key: String, _ value: String, _ created: Revision, _ modified: Revision, _ version: Int64,
        lease: Int64 = 0
    ) -> StoredPair {
        StoredPair(
            key: key, value: value, created: created, modified: modified, version: version,
            lease: lease)
    }

    private static let state = StoreModel.State(
        revision: 5,
        pairs: [
            pair("a", "1", 2, 4, 2), pair("b", "2", 3, 3, 1, lease: 7), pair("c", "3", 5, 5, 1),
        ])

    private static func fits(
        _ operation: StoreOperation, _ revision: Revision, _ result: StoreResponseBody
    ) -> Bool {
        StoreModel().step(state, operation, StoreResponse(revision: revision, result)) != nil
    }

    @Test func aPutReturnsThePreviousPair() {
        let put = StoreOperation.put(key: "b", value: "x", lease: 9, wantsPrevious: true)
        let before = Self.pair("b", "2", 3, 3, 1, lease: 7)
        #expect(Self.fits(put, 6, .put(previous: before)))
        #expect(!Self.fits(put, 6, .put()))
        #expect(!Self.fits(put, 6, .put(previous: Self.pair("b", "2", 3, 3, 1))))
        #expect(Self.fits(.put(key: "d", value: "x", wantsPrevious: true), 6, .put()))
        #expect(!Self.fits(.put(key: "b", value: "x"), 6, .put(previous: before)))
        let after = StoreModel().step(Self.state, put, nil)
        #expect(after?.pairs[1] == Self.pair("b", "x", 3, 6, 2, lease: 9))
    }

    @Test func aPutWithoutALeaseTakesTheKeyOffItsLease() {
        let after = StoreModel().step(Self.state, .put(key: "b", value: "x"), nil)
        #expect(after?.pairs[1].lease == 0)
    }

    @Test func aRangeIsDeletedInOneRevision() {
        let delete = StoreOperation.delete(key: "b", end: "z", wantsPrevious: true)
        let before = Array(Self.state.pairs.suffix(2))
        #expect(Self.fits(delete, 6, .deleted(2, previous: before)))
        #expect(!Self.fits(delete, 7, .deleted(2, previous: before)))
        #expect(!Self.fits(delete, 6, .deleted(2)))
        #expect(!Self.fits(delete, 6, .deleted(1, previous: [before[0]])))
        #expect(Self.fits(.delete(key: "x", end: "z"), 5, .deleted(0)))
        #expect(!Self.fits(.delete(key: "x", end: "z"), 6, .deleted(0)))
        let after = StoreModel().step(Self.state, delete, nil)
        #expect(after == StoreModel.State(revision: 6, pairs: [Self.state.pairs[0]]))
    }

    @Test func aLimitReturnsTheFirstAndCountsTheRest() {
        let range = StoreOperation.range(key: "a", end: "z", limit: 2)
        let first = Array(Self.state.pairs.prefix(2))
        #expect(Self.fits(range, 5, .range(first, omitted: 1)))
        #expect(!Self.fits(range, 5, .range(first)))
        #expect(!Self.fits(range, 5, .range(Self.state.pairs)))
        #expect(!Self.fits(range, 5, .range(Array(Self.state.pairs.suffix(2)), omitted: 1)))
        #expect(Self.fits(.range(key: "a", end: "z", limit: 3), 5, .range(Self.state.pairs)))
    }

    @Test(arguments: [
        (StoreOperation.Comparison(key: "b", .equal, .lease(7)), true),
        (.init(key: "b", .equal, .lease(0)), false),
        (.init(key: "x", .equal, .lease(0)), true),
        (.init(key: "a", .less, .created(3)), true),
        (.init(key: "a", .greater, .modified(4)), false),
        (.init(key: "c", .notEqual, .value("2")), true),
        (.init(key: "x", .notEqual, .value("2")), false),
        (.init(key: "a", end: "z", .greater, .version(0)), true),
        (.init(key: "a", end: "z", .equal, .version(1)), false),
        (.init(key: "x", end: "z", .equal, .version(0)), true),
        (.init(key: "x", end: "z", .equal, .value("")), false),
    ])
    func comparisonsChooseTheBranch(_ comparison: StoreOperation.Comparison, _ holds: Bool) {
        let operation = StoreOperation.transaction([comparison], success: [], failure: [])
        #expect(Self.fits(operation, 5, .transaction(succeeded: holds, [])))
        #expect(!Self.fits(operation, 5, .transaction(succeeded: !holds, [])))
    }

    @Test func innerComparisonsSeeTheStateBeforeTheTransaction() {
        let isNew = StoreOperation.Comparison(key: "x", .equal, .created(0))
        let inner = StoreOperation.transaction([isNew], success: [], failure: [])
        let operation = StoreOperation.transaction(
            [], success: [.put(key: "x", value: "1"), inner], failure: [])
        func result(_ succeeded: Bool) -> StoreResponseBody {
            .transaction(succeeded: true, [.put(), .transaction(succeeded: succeeded, [])])
        }
        #expect(Self.fits(operation, 6, result(true)))
        #expect(!Self.fits(operation, 6, result(false)))
    }

    @Test func oldRevisionsAreCheckedIfTheModelKnowsThem() {
        let read = StoreOperation.range(key: "a", end: "z", limit: 1, revision: 3)
        let operation = StoreOperation.transaction([], success: [read], failure: [])
        func fits(_ model: StoreModel, _ result: StoreResponseBody) -> Bool {
            let body = StoreResponseBody.transaction(succeeded: true, [result])
            return model.step(Self.state, operation, StoreResponse(revision: 5, body)) != nil
        }
        let old = [Self.pair("a", "0", 2, 2, 1), Self.pair("b", "2", 3, 3, 1, lease: 7)]
        let expected = StoreResponseBody.range([old[0]], omitted: 1)
        let knowing = StoreModel { _, _, revision in revision == 3 ? old : nil }
        #expect(fits(knowing, expected))
        #expect(!fits(knowing, .range([old[0]])))
        #expect(!fits(knowing, .range([Self.state.pairs[0]], omitted: 1)))
        #expect(fits(StoreModel(), .range([old[0]])))
        #expect(!fits(StoreModel { _, _, _ in nil }, expected))
    }
}
