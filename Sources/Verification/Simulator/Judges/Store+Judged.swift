import EtcdAPI
import Judges
import Linearizability
import MVCC
import SwiftProtobuf

/// What the judges read from a store.
extension Store {
    /// The changes of each revision after one, as they are stored.
    func recordedChanges(after revision: Int64) throws -> [Int64: [RecordedChange]] {
        let page = try history(from: revision + 1, revisions: .max, bytes: .max)
        var changes: [Int64: [RecordedChange]] = [:]
        for record in page.changes {
            let bytes = page.withValue(of: record) { [UInt8]($0) }
            var pair = StoredPair(try KeyValue(decoding: bytes))
            if record.isTombstone { pair.modified = record.revision.main }
            changes[record.revision.main, default: []].append(
                RecordedChange(isDeletion: record.isTombstone, pair: pair, record: bytes))
        }
        return changes
    }

    /// Answers a read, whatever its size, as the server does; with the revision for the header.
    func answer(_ request: ReadRequest) throws -> (answer: ReadAnswer, revision: Int64) {
        do throws(ReadError) {
            return try whole(RangeRequest(request))
        } catch {
            switch error {
            case .refused(.compacted): return (.compacted, revisions.current)
            case .refused(.futureRevision): return (.futureRevision, revisions.current)
            default: throw error
            }
        }
    }

    private func whole(
        _ request: RangeRequest
    ) throws(ReadError) -> (answer: ReadAnswer, revision: Int64) {
        var answer = RangeAnswer()
        switch try range(request, into: &answer) {
        case .complete(let revision): return (ReadAnswer(answer), revision)
        case .large(let reader):
            defer { reader.close() }
            return (try ReadAnswer(reader), reader.storeRevision)
        }
    }
}

extension RangeRequest {
    init(_ request: ReadRequest) {
        self.init(
            key: Array(request.range.key.utf8)[...],
            rangeEnd: Array((request.range.end ?? "").utf8)[...], limit: Int64(request.limit),
            revision: request.revision, keysOnly: request.extent == .keys,
            countOnly: request.extent == .count, minModRevision: request.modified.least,
            maxModRevision: request.modified.greatest, minCreateRevision: request.created.least,
            maxCreateRevision: request.created.greatest)
        if let order = request.order {
            sortOrder = order.isDescending ? .descend : .ascend
            sortTarget = .init(order.target)
        }
        // All keys have a name that is not empty.
        if key.isEmpty { key = [0] }
    }
}

extension RangeRequest.SortTarget {
    fileprivate init(_ target: ReadOrder.Target) {
        self =
            switch target {
            case .key: .key
            case .version: .version
            case .created: .create
            case .modified: .mod
            case .value: .value
            }
    }
}

extension StoredPair {
    init(_ pair: KeyValue) {
        self.init(
            key: String(decoding: pair.key, as: UTF8.self),
            value: String(decoding: pair.value, as: UTF8.self), created: pair.createRevision,
            modified: pair.modRevision, version: pair.version, lease: pair.lease)
    }

    init(_ pair: Mvccpb_KeyValue) {
        self.init(
            key: String(decoding: pair.key, as: UTF8.self),
            value: String(decoding: pair.value, as: UTF8.self), created: pair.createRevision,
            modified: pair.modRevision, version: pair.version, lease: pair.lease)
    }
}

extension ReadAnswer {
    init(_ answer: RangeAnswer) {
        self.init(answer.encoded(), more: answer.more, count: answer.count)
    }

    /// Reads a large answer in its pieces.
    init(_ reader: RangeReader) throws(ReadError) {
        while try !reader.prepare(sizing: false) {}
        var writer = WireWriter(capacity: 1 << 10)
        while try !reader.read(keys: 5, bytes: 1 << 12, into: &writer) {}
        self.init(writer.written, more: reader.more, count: reader.count)
    }

    init(_ response: [UInt8], more: Bool, count: Int64) {
        guard let decoded = try? Etcdserverpb_RangeResponse(serializedBytes: response) else {
            self = .malformed("an answer that is no RangeResponse")
            return
        }
        self = .pairs(decoded.kvs.map { StoredPair($0) }, more: more, count: Int(count))
    }
}
