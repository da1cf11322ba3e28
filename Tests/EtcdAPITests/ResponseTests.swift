import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import EtcdAPI

@Suite("Responses with encoded key-values")
struct ResponseTests {
    private let header = ResponseHeader(clusterID: 1, memberID: 2, revision: 300, raftTerm: 4)
    private let pairs = [
        KeyValue(key: [0x61], createRevision: 1, modRevision: 2, version: 3, value: [1], lease: 4),
        KeyValue(key: [0x62], modRevision: 200, value: ArraySlice(repeating: 7, count: 400)),
        KeyValue(),
    ]

    private var generatedPairs: [Mvccpb_KeyValue] {
        get throws { try pairs.map { try Mvccpb_KeyValue(serializedBytes: $0.encoded()) } }
    }

    private func rangeResponse() -> RangeResponse {
        var response = RangeResponse(header: header, more: true, count: 500)
        response.reserve(bytes: 64)
        for pair in pairs { pair.encoded().withUnsafeBytes { response.append(keyValue: $0) } }
        return response
    }

    @Test("a range response with its pairs, as a whole or in pieces")
    func range() throws {
        let response = rangeResponse()
        let generated = try Etcdserverpb_RangeResponse(serializedBytes: response.encoded())
        #expect(ResponseHeader(generated.header) == header)
        #expect(try generated.kvs == generatedPairs)
        #expect(generated.more && generated.count == 500)
        var encoded = RangeResponse(header: header, more: true, count: 500)
        for pair in pairs { encoded.append(pair) }
        #expect(encoded == response)
        #expect(pieces(of: response) == response.encoded())
    }

    private func pieces(of response: RangeResponse) -> [UInt8] {
        let framing = KeyValueFraming.rangePairs
        let pairsSize = pairs.reduce(0) { $0 + framing.sizeBytes(encodedCount: $1.encodedSize) }
        return WireWriter.bytes(count: response.encodedSize(keyValuesSizeBytes: pairsSize)) {
            writer in
            response.encodeHead(into: &writer)
            for pair in pairs {
                pair.encoded().withUnsafeBytes { framing.append($0, to: &writer) }
            }
            response.encodeTail(into: &writer)
        }
    }

    @Test("a range stream response wraps a range response")
    func rangeStream() throws {
        let bytes = RangeStreamResponse(range: rangeResponse()).encoded()
        let generated = try Etcdserverpb_RangeStreamResponse(serializedBytes: bytes)
        #expect(try generated.rangeResponse.kvs == generatedPairs)
    }

    @Test("a transaction response with all kinds of operations, including nested ones")
    func transaction() throws {
        var deleted = DeleteRangeResponse(
            header: ResponseHeader(clusterID: 0, revision: 9), deleted: 3)
        for pair in pairs { pair.encoded().withUnsafeBytes { deleted.append(previous: $0) } }
        let inner = TxnResponse(header: ResponseHeader(), succeeded: false)
        let response = TxnResponse(
            header: header, succeeded: true,
            responses: [
                .range(rangeResponse()), .put(PutResponse(previous: pairs[0].encoded())),
                .put(PutResponse()), .deleteRange(deleted), .txn(inner),
            ])
        let generated = try Etcdserverpb_TxnResponse(serializedBytes: response.encoded())
        #expect(generated.succeeded && generated.responses.count == 5)
        #expect(try generated.responses[0].responseRange.kvs == generatedPairs)
        #expect(try generated.responses[1].responsePut.prevKv == generatedPairs[0])
        #expect(!generated.responses[2].responsePut.hasPrevKv)
        #expect(generated.responses[3].responseDeleteRange.deleted == 3)
        #expect(generated.responses[3].responseDeleteRange.header.revision == 9)
        #expect(try generated.responses[3].responseDeleteRange.prevKvs == generatedPairs)
        #expect(generated.responses[4].responseTxn.hasHeader)
        let again: [UInt8] = try generated.serializedBytes()
        #expect(again == response.encoded())
    }

    @Test("a watch response without events")
    func watcher() throws {
        let bytes = WatchResponse(
            header: header, watchID: -1, created: true, canceled: true, compactRevision: 7,
            cancelReason: "mvcc: é"
        ).encoded()
        let generated = try Etcdserverpb_WatchResponse(serializedBytes: bytes)
        #expect(generated.watchID == -1 && generated.created && generated.canceled)
        #expect(generated.compactRevision == 7 && generated.cancelReason == "mvcc: é")
        let again: [UInt8] = try generated.serializedBytes()
        #expect(again == bytes)
    }

    @Test("a watch response with events has a head followed by shared encoded events")
    func watch() throws {
        let current = pairs[0].encoded()
        let previous = pairs[1].encoded()
        let events = current.withUnsafeBytes { current in
            previous.withUnsafeBytes { previous in
                WatchEvent(type: .put, keyValue: current).encoded()
                    + WatchEvent(type: .delete, keyValue: current, previous: previous).encoded()
            }
        }
        let bytes = events.withUnsafeBytes { events in
            WatchEventsResponse.field(of: header).withUnsafeBytes { header in
                let response = WatchEventsResponse(
                    header: header, watchID: 1 << 40, fragment: true, events: events)
                #expect(response.headSize + events.count == response.encodedSize)
                return response.encoded()
            }
        }
        let generated = try Etcdserverpb_WatchResponse(serializedBytes: bytes)
        #expect(generated.watchID == 1 << 40 && generated.fragment && generated.hasHeader)
        #expect(generated.events.map(\.type) == [.put, .delete])
        #expect(try generated.events[1].prevKv == generatedPairs[1])
        let again: [UInt8] = try generated.serializedBytes()
        #expect(again == bytes)
    }

    @Test("lease and header-only responses")
    func small() throws {
        let grant = LeaseResponse(header: header, id: -5, ttlSeconds: 60).encoded()
        let granted = try Etcdserverpb_LeaseGrantResponse(serializedBytes: grant)
        #expect(granted.id == -5 && granted.ttl == 60 && granted.header.raftTerm == 4)
        let kept = try Etcdserverpb_LeaseKeepAliveResponse(serializedBytes: grant)
        #expect(kept.id == -5 && kept.ttl == 60)
        let compaction = try Etcdserverpb_CompactionResponse(
            serializedBytes: HeaderResponse(header: header).encoded())
        #expect(compaction.header.revision == 300)
        #expect(HeaderResponse(header: nil).encoded().isEmpty)
    }
}
