import EtcdAPI
import Testing

@testable import GRPCProxy

@Suite("Namespace of a proxy")
struct NamespaceTests {
    private let namespace = Namespace("ns/")

    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    @Test(arguments: [
        ("k", "", "ns/k", ""), ("a", "b", "ns/a", "ns/b"), ("a", "\0", "ns/a", "ns0"),
        ("\0", "\0", "ns/", "ns0"), ("\0", "b", "ns/\0", "ns/b"),
    ])
    func intervalsStayInside(key: String, end: String, expected: String, expectedEnd: String) throws
    {
        let interval = try namespace.added(to: bytes(key), bytes(end))
        #expect(interval == KeyInterval(bytes(expected), bytes(expectedEnd)))
    }

    @Test func anEmptyKeyIsRefused() {
        #expect(throws: EtcdError.emptyKey) { try namespace.added(to: [], bytes("b")) }
    }

    @Test func aNamespaceOfTheHighestBytesHasNoEnd() throws {
        let highest = Namespace([0xFF, 0xFF])
        #expect(try highest.added(to: [0], [0]) == KeyInterval([0xFF, 0xFF], [0]))
    }

    @Test func allKeysOfATransactionGetThePrefix() throws {
        var request = TxnRequest(
            compare: [Compare(key: bytes("c"), rangeEnd: bytes("d"))],
            success: [
                .put(PutRequest(key: bytes("p"))),
                .txn(TxnRequest(compare: [], success: [.range(RangeRequest(key: bytes("r")))])),
            ],
            failure: [.deleteRange(DeleteRangeRequest(key: bytes("\0"), rangeEnd: bytes("\0")))])
        try namespace.add(to: &request)
        #expect(request.compare[0].key == bytes("ns/c"))
        #expect(request.compare[0].rangeEnd == bytes("ns/d"))
        #expect(request.success[0] == .put(PutRequest(key: bytes("ns/p"))))
        #expect(
            request.success[1]
                == .txn(
                    TxnRequest(compare: [], success: [.range(RangeRequest(key: bytes("ns/r")))])))
        #expect(
            request.failure[0]
                == .deleteRange(
                    DeleteRangeRequest(key: bytes("ns/"), rangeEnd: bytes("ns0"))))
        #expect(
            WrittenKeys.of(request) == [
                KeyInterval(bytes("ns/c"), bytes("ns/d")),
                KeyInterval(bytes("ns/p")), KeyInterval(bytes("ns/"), bytes("ns0")),
            ])
    }

    @Test func keysOfResponsesLoseThePrefixAndNothingElseChanges() throws {
        func put(_ key: String) -> [UInt8] {
            let pair = KeyValue(key: bytes(key), createRevision: 3, value: bytes("ns/value"))
            return PutResponse(
                header: ResponseHeader(clusterID: 1, memberID: 2, revision: 3),
                previous: pair.encoded()
            ).encoded()
        }
        #expect(try namespace.removed(from: put("ns/k"), .put) == put("k"))
        #expect(try namespace.removed(from: put("other"), .put) == put("other"))
        #expect(throws: WireError.self) { try namespace.removed(from: [0x12, 0xFF], .put) }
    }
}
