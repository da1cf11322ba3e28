import EtcdAPI
import Testing

@testable import loadgenerator

@Suite("loadgenerator: requests")
struct RequestTests {
    @Test func aTransactionHasDistinctConsecutiveKeys() throws {
        let source = RequestSource(
            try LoadOptions(arguments: ["txn", "--puts", "4", "--compares", "2"]))
        #expect(source.path == "/etcdserverpb.KV/Txn")
        let request = try TxnRequest(decoding: source.request(key: 98)[...])
        #expect(request.compare.map { Self.text($0.key) } == ["00000098", "00000099"])
        for operations in [request.success, request.failure] {
            let keys = operations.map { operation in
                if case .put(let put) = operation { Self.text(put.key) } else { "no put" }
            }
            #expect(keys == ["00000098", "00000099", "00000100", "00000101"])
        }
    }

    @Test func aRangeEndsAfterItsLastKey() throws {
        let source = RequestSource(
            try LoadOptions(arguments: ["range", "--range-size", "1000", "--serializable"]))
        let request = try RangeRequest(decoding: source.request(key: 7)[...])
        #expect(Self.text(request.key) == "00000007")
        #expect(Self.text(request.rangeEnd) == "00001007")
        #expect(request.serializable)
    }

    @Test func aWholeRangeReadsAllKeys() throws {
        let source = RequestSource(try LoadOptions(arguments: ["range", "--whole"]))
        let request = try RangeRequest(decoding: source.request(key: 7)[...])
        #expect(Array(request.key) == [0])
        #expect(Array(request.rangeEnd) == [0])
    }

    @Test("A mix has its share of puts, evenly distributed", arguments: [0, 20, 33, 100])
    func mix(percent: Int) throws {
        let options = try LoadOptions(arguments: ["mix", "--put-percent", "\(percent)"])
        let isPut = RequestSource.sequence(options).map { $0.path == "/etcdserverpb.KV/Put" }
        #expect(isPut.count == 100 && isPut.filter { $0 }.count == percent)
        for end in 1...100 {
            let puts = isPut[..<end].filter { $0 }.count
            #expect(abs(puts * 100 - end * percent) <= 100)
        }
    }

    @Test func aRangeStreamReadsAllKeys() throws {
        let source = RequestSource(try LoadOptions(arguments: ["range-stream"]))
        #expect(source.path == "/etcdserverpb.KV/RangeStream")
        let request = try RangeRequest(decoding: source.request(key: 7)[...])
        #expect(Array(request.key) == [0] && Array(request.rangeEnd) == [0])
    }

    @Test func anIdleWatcherCanWatchAllKeys() throws {
        let options = try LoadOptions(arguments: ["hold", "--whole"])
        let bytes = RequestTemplate.watch(options).request(key: 7)
        guard case .create(let create) = try WatchRequest(decoding: bytes[...]) else {
            Issue.record("no create request")
            return
        }
        #expect(Array(create.key) == [0] && Array(create.rangeEnd) == [0])
    }

    @Test func leaseIDsAreTheirNumbers() throws {
        let granted = try LoadOptions(arguments: ["lease-grant", "--leases", "9", "--ttl", "60"])
        let grant = try LeaseGrantRequest(decoding: RequestSource(granted).request(key: 8)[...])
        #expect(grant.id == 9)
        #expect(grant.ttlSeconds == 60)
        let any = try LoadOptions(arguments: ["lease-grant"])
        #expect(try LeaseGrantRequest(decoding: RequestSource(any).request(key: 8)[...]).id == 0)
        let alive = try LoadOptions(arguments: ["keepalive", "--leases", "9"])
        let kept = try LeaseKeepAliveRequest(decoding: RequestSource(alive).request(key: 8)[...])
        #expect(kept.id == 9)
    }

    @Test func aLeaseWithoutTTLDoesNotExist() {
        #expect(KeepAliveSlot.isAlive([0x0A, 0, 0x10, 5, 0x18, 60]))
        #expect(!KeepAliveSlot.isAlive([0x0A, 0, 0x10, 5]))
        #expect(!KeepAliveSlot.isAlive([0x18]))
    }

    @Test func aWatchResponseIsDecodedInPlace() throws {
        // watch_id 3, then two events: kv (2) with value (5), of "ab" and of nothing.
        let message: [UInt8] = [
            0x10, 3, 0x5A, 6, 0x12, 4, 0x2A, 2, 0x61, 0x62, 0x5A, 4, 0x12, 2, 0x0A, 0,
        ]
        var values: [[UInt8]] = []
        let delivery = try WatchDelivery(message) { values.append(Array($0)) }
        #expect(delivery.watchID == 3)
        #expect(delivery.eventCount == 2)
        #expect(!delivery.isCreated)
        #expect(!delivery.isCanceled)
        #expect(values == [[0x61, 0x62]])
        #expect(throws: WireError.self) { try WatchDelivery([0x5A, 6, 0x12]) }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
