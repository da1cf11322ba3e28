import EtcdAPI
import Testing

@testable import GRPCServices

private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

private func put(_ key: String) -> RequestOp { .put(PutRequest(key: bytes(key))) }

private func delete(_ key: String, _ end: String = "") -> RequestOp {
    .deleteRange(DeleteRangeRequest(key: bytes(key), rangeEnd: bytes(end)))
}

private func range(_ key: String, serializable: Bool = false) -> RequestOp {
    .range(RangeRequest(key: bytes(key), serializable: serializable))
}

private func txn(_ success: [RequestOp], _ failure: [RequestOp] = []) -> RequestOp {
    .txn(TxnRequest(compare: [], success: success, failure: failure))
}

private func check(
    _ success: [RequestOp], _ failure: [RequestOp] = [], compare: [Compare] = [],
    operationsMax: Int = 128
) -> EtcdError? {
    RequestChecks.check(
        TxnRequest(compare: compare, success: success, failure: failure),
        operationsMax: operationsMax)
}

@Suite("Checks of single requests")
struct SingleRequestCheckTests {
    @Test func keysMustNotBeEmpty() {
        #expect(RequestChecks.check(RangeRequest(key: [])) == .emptyKey)
        #expect(RequestChecks.check(PutRequest(key: [])) == .emptyKey)
        #expect(RequestChecks.check(DeleteRangeRequest(key: [])) == .emptyKey)
        #expect(RequestChecks.check(RangeRequest(key: [0])) == nil)
        // A range whose end precedes its key is empty, not an error.
        #expect(RequestChecks.check(RangeRequest(key: bytes("b"), rangeEnd: bytes("a"))) == nil)
    }

    @Test(arguments: [(-1, 0), (3, 0), (0, -1), (0, 5), (.max, .min)] as [(Int32, Int32)])
    func sortOptionsMustBeKnown(order: Int32, target: Int32) {
        let request = RangeRequest(
            key: bytes("a"), sortOrder: .init(rawValue: order),
            sortTarget: .init(rawValue: target))
        #expect(RequestChecks.check(request) == .invalidSortOption)
    }

    @Test func aPutThatIgnoresAFieldMayNotSetIt() {
        var request = PutRequest(key: bytes("a"), value: bytes("1"), ignoreValue: true)
        #expect(RequestChecks.check(request) == .valueProvided)
        request = PutRequest(key: bytes("a"), lease: 1, ignoreLease: true)
        #expect(RequestChecks.check(request) == .leaseProvided)
        request = PutRequest(key: bytes("a"), ignoreValue: true, ignoreLease: true)
        #expect(RequestChecks.check(request) == nil)
        request = PutRequest(key: bytes("a"), value: bytes("1"), lease: 1)
        #expect(RequestChecks.check(request) == nil)
    }
}

@Suite("Checks of transactions")
struct TransactionCheckTests {
    @Test func theLongestListCountsAtEachLevel() {
        let puts = (0..<128).map { put("k\($0)") }
        let compares = (0..<129).map { Compare(key: bytes("k\($0)")) }
        #expect(check(puts, puts) == nil)
        #expect(check(puts + [put("more")]) == .tooManyOperations)
        #expect(check([], puts + [put("more")]) == .tooManyOperations)
        #expect(check([], compare: compares) == .tooManyOperations)
        #expect(check([txn(puts)]) == .tooManyOperations)
        #expect(check([txn(Array(puts.dropLast()))]) == nil)
        #expect(check([txn([txn(Array(puts.dropLast(2)))])]) == nil)
        #expect(check([txn([txn(Array(puts.dropLast(1)))])]) == .tooManyOperations)
        #expect(check([put("a")], operationsMax: 0) == .tooManyOperations)
    }

    @Test func everyOperationIsCheckedByItself() {
        #expect(check([], compare: [Compare(key: [])]) == .emptyKey)
        #expect(check([put("")]) == .emptyKey)
        #expect(check([], [delete("")]) == .emptyKey)
        #expect(check([txn([], [range("")])]) == .emptyKey)
        #expect(check([RequestOp.none]) == .keyNotFound)
        #expect(check([txn([RequestOp.none])]) == .keyNotFound)
        // The count is checked first, then compares, then operations.
        #expect(
            check([put("")], compare: [Compare(key: [])], operationsMax: 0)
                == .tooManyOperations)
        let invalidPut = RequestOp.put(
            PutRequest(key: bytes("a"), value: bytes("1"), ignoreValue: true))
        #expect(check([invalidPut, put("")]) == .valueProvided)
    }

    @Test func aPathPutsAKeyOnce() {
        #expect(check([put("a"), put("b")]) == nil)
        #expect(check([put("a"), put("a")]) == .duplicateKey)
        #expect(check([put("a")], [put("a")]) == nil, "branches exclude each other")
        #expect(check([], [put("a"), put("a")]) == .duplicateKey)
        #expect(check([put("a"), txn([put("a")])]) == .duplicateKey)
        #expect(check([txn([], [put("a")]), put("a")]) == .duplicateKey)
        #expect(check([txn([put("a")], [put("a")])]) == nil)
        #expect(check([txn([put("a")]), txn([put("a")])]) == .duplicateKey)
        #expect(check([txn([put("a")], []), txn([], [put("a")])]) == .duplicateKey)
        #expect(check([txn([txn([put("a")])]), put("a")]) == .duplicateKey)
    }

    @Test func aPathDoesNotPutAndDeleteAKey() {
        for deletion in [delete("b"), delete("a", "c"), delete("b", "c")] {
            #expect(check([put("b"), deletion]) == .duplicateKey)
            #expect(check([deletion, put("b")]) == .duplicateKey)
            #expect(check([deletion, txn([put("b")])]) == .duplicateKey)
            #expect(check([txn([], [put("b")]), deletion]) == .duplicateKey)
            #expect(check([txn([deletion]), put("b")]) == .duplicateKey)
            #expect(check([txn([deletion]), txn([put("b")])]) == .duplicateKey)
            #expect(check([deletion], [put("b")]) == nil)
            #expect(check([txn([deletion], [put("b")])]) == nil)
        }
        for apart in [delete("a"), delete("a", "b"), delete("c", "d")] {
            #expect(check([put("b"), apart]) == nil)
        }
        #expect(check([delete("a"), delete("a"), delete("a", "c")]) == nil)
    }

    /// etcd compares a nested delete only with later operations of the path.
    @Test func aNestedDeleteIsNotComparedWithEarlierNestedPuts() {
        #expect(check([txn([put("b")]), txn([delete("b")])]) == nil)
    }

    @Test func rangesOverlapWithEverything() {
        #expect(check([range("a"), put("a"), range("a")]) == nil)
        #expect(check([range("a"), delete("a"), txn([range("a")])]) == nil)
    }

    @Test func aTransactionOfRangesIsReadOnly() {
        func request(_ success: [RequestOp], _ failure: [RequestOp] = []) -> TxnRequest {
            TxnRequest(compare: [], success: success, failure: failure)
        }
        #expect(request([range("a")], [range("b")]).isReadOnly)
        #expect(request([]).isReadOnly)
        #expect(!request([range("a")], [put("a")]).isReadOnly)
        #expect(!request([delete("a")]).isReadOnly)
        #expect(!request([txn([range("a")])]).isReadOnly, "nested ones go through the log")
        #expect(request([range("a", serializable: true)]).isSerializable)
        #expect(!request([range("a", serializable: true), range("b")]).isSerializable)
    }
}
