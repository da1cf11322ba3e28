import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import EtcdAPI

@Suite("Answers around encoded key-values")
struct AnswerTests {
    private let header = ResponseHeader(clusterID: 1, memberID: 2, revision: 300, raftTerm: 4)
    private let pairs = [
        KeyValue(key: [0x61], createRevision: 1, modRevision: 2, version: 3, value: [1], lease: 4),
        KeyValue(key: [0x62], modRevision: 200, value: ArraySlice(repeating: 7, count: 400)),
        KeyValue(),
    ]

    private var generatedPairs: [Mvccpb_KeyValue] {
        get throws { try pairs.map { try Mvccpb_KeyValue(serializedBytes: $0.encoded()) } }
    }

    private func rangeAnswer() -> RangeAnswer {
        var answer = RangeAnswer(header: header, more: true, count: 500)
        answer.reserve(bytes: 64)
        for pair in pairs { pair.encoded().withUnsafeBytes { answer.append(keyValue: $0) } }
        return answer
    }

    @Test("a range answer is the response with its pairs, gathered or in pieces")
    func range() throws {
        let answer = rangeAnswer()
        let response = try Etcdserverpb_RangeResponse(serializedBytes: answer.encoded())
        #expect(ResponseHeader(response.header) == header)
        #expect(try response.kvs == generatedPairs)
        #expect(response.more && response.count == 500)
        var encoded = RangeAnswer(header: header, more: true, count: 500)
        for pair in pairs { encoded.append(pair) }
        #expect(encoded == answer)
        #expect(pieces(of: answer) == answer.encoded())
    }

    private func pieces(of answer: RangeAnswer) -> [UInt8] {
        let framing = KeyValueFraming.rangePairs
        let pairsSize = pairs.reduce(0) { $0 + framing.sizeBytes(encodedCount: $1.encodedSize) }
        return WireWriter.bytes(count: answer.encodedSize(keyValuesSizeBytes: pairsSize)) {
            writer in
            answer.encodeHead(into: &writer)
            for pair in pairs {
                pair.encoded().withUnsafeBytes { framing.append($0, to: &writer) }
            }
            answer.encodeTail(into: &writer)
        }
    }

    @Test("a message of a range stream is a range answer one level down")
    func rangeStream() throws {
        let bytes = RangeStreamAnswer(range: rangeAnswer()).encoded()
        let response = try Etcdserverpb_RangeStreamResponse(serializedBytes: bytes)
        #expect(try response.rangeResponse.kvs == generatedPairs)
    }

    @Test("a transaction answers with all kinds of operations, nested ones too")
    func transaction() throws {
        var deleted = DeleteRangeAnswer(
            header: ResponseHeader(clusterID: 0, revision: 9), deleted: 3)
        for pair in pairs { pair.encoded().withUnsafeBytes { deleted.append(previous: $0) } }
        let inner = TxnAnswer(header: ResponseHeader(), succeeded: false)
        let answer = TxnAnswer(
            header: header, succeeded: true,
            responses: [
                .range(rangeAnswer()), .put(PutAnswer(previous: pairs[0].encoded())),
                .put(PutAnswer()), .deleteRange(deleted), .txn(inner),
            ])
        let response = try Etcdserverpb_TxnResponse(serializedBytes: answer.encoded())
        #expect(response.succeeded && response.responses.count == 5)
        #expect(try response.responses[0].responseRange.kvs == generatedPairs)
        #expect(try response.responses[1].responsePut.prevKv == generatedPairs[0])
        #expect(!response.responses[2].responsePut.hasPrevKv)
        #expect(response.responses[3].responseDeleteRange.deleted == 3)
        #expect(response.responses[3].responseDeleteRange.header.revision == 9)
        #expect(try response.responses[3].responseDeleteRange.prevKvs == generatedPairs)
        #expect(response.responses[4].responseTxn.hasHeader)
        let again: [UInt8] = try response.serializedBytes()
        #expect(again == answer.encoded())
    }

    @Test("an answer about a watcher")
    func watcher() throws {
        let answer = WatchAnswer(
            header: header, watchID: -1, created: true, canceled: true, compactRevision: 7,
            cancelReason: "mvcc: é")
        let bytes = answer.encoded()
        let response = try Etcdserverpb_WatchResponse(serializedBytes: bytes)
        #expect(response.watchID == -1 && response.created && response.canceled)
        #expect(response.compactRevision == 7 && response.cancelReason == "mvcc: é")
        let again: [UInt8] = try response.serializedBytes()
        #expect(again == bytes)
    }

    @Test("an answer with events is a head with shared encoded events behind")
    func watch() throws {
        let kept = pairs[0].encoded()
        let previous = pairs[1].encoded()
        let events = kept.withUnsafeBytes { kept in
            previous.withUnsafeBytes { previous in
                WatchEvent(type: .put, keyValue: kept).encoded()
                    + WatchEvent(type: .delete, keyValue: kept, previous: previous).encoded()
            }
        }
        let bytes = events.withUnsafeBytes { events in
            WatchEventsAnswer.field(of: header).withUnsafeBytes { header in
                let answer = WatchEventsAnswer(
                    header: header, watchID: 1 << 40, fragment: true, events: events)
                #expect(answer.headSize + events.count == answer.encodedSize)
                return answer.encoded()
            }
        }
        let response = try Etcdserverpb_WatchResponse(serializedBytes: bytes)
        #expect(response.watchID == 1 << 40 && response.fragment && response.hasHeader)
        #expect(response.events.map(\.type) == [.put, .delete])
        #expect(try response.events[1].prevKv == generatedPairs[1])
        let again: [UInt8] = try response.serializedBytes()
        #expect(again == bytes)
    }

    @Test("lease and header-only answers")
    func small() throws {
        let grant = LeaseAnswer(header: header, id: -5, ttlSeconds: 60).encoded()
        let granted = try Etcdserverpb_LeaseGrantResponse(serializedBytes: grant)
        #expect(granted.id == -5 && granted.ttl == 60 && granted.header.raftTerm == 4)
        let kept = try Etcdserverpb_LeaseKeepAliveResponse(serializedBytes: grant)
        #expect(kept.id == -5 && kept.ttl == 60)
        let compaction = try Etcdserverpb_CompactionResponse(
            serializedBytes: HeaderAnswer(header: header).encoded())
        #expect(compaction.header.revision == 300)
        #expect(HeaderAnswer(header: nil).encoded().isEmpty)
    }
}
