import Auth
import EtcdAPI
import Checkers
import Identifiers
import Linearizability
import MVCC
import StateMachine
import SwiftProtobuf

/// What the checkers read from a store.
extension Store {
    /// The changes of each revision after one, as they are stored.
    func recordedChanges(after revision: Revision) throws -> [Revision: [RecordedChange]] {
        let page = try history(from: revision.next, revisions: .max, bytes: .max)
        var changes: [Revision: [RecordedChange]] = [:]
        for record in page.changes {
            let bytes = page.withValue(of: record) { [UInt8]($0) }
            var pair = StoredPair(try KeyValue(decoding: bytes))
            if record.isTombstone { pair.modified = record.revision.main }
            changes[record.revision.main, default: []].append(
                RecordedChange(isDeletion: record.isTombstone, pair: pair, record: bytes))
        }
        return changes
    }

    /// Executes a read of any size for a caller, as the server does; also returns the revision for the header.
    func execute(
        _ request: RecordedRead, by identity: Identity
    ) throws -> (response: RecordedReadResponse, revision: Revision) {
        do throws(ReadError) {
            return try readAll(RangeRequest(request), by: identity)
        } catch {
            switch error {
            case .refused(.compacted): return (.compacted, revisions.current)
            case .refused(.futureRevision): return (.futureRevision, revisions.current)
            default: throw error
            }
        }
    }

    private func readAll(
        _ request: RangeRequest, by identity: Identity
    ) throws(ReadError) -> (response: RecordedReadResponse, revision: Revision) {
        var response = RangeResponse()
        switch try range(request, by: identity, into: &response) {
        case .complete(let revision): return (RecordedReadResponse(response), revision)
        case .large(let reader):
            defer { reader.close() }
            return (try RecordedReadResponse(reader), reader.storeRevision)
        }
    }
}

extension RangeRequest {
    init(_ request: RecordedRead) {
        self.init(
            key: Array(request.range.key.utf8)[...],
            rangeEnd: Array((request.range.end ?? "").utf8)[...], limit: Int64(request.limit),
            revision: request.revision.rawValue, keysOnly: request.extent == .keys,
            countOnly: request.extent == .count, minModRevision: request.modified.least.rawValue,
            maxModRevision: request.modified.greatest.rawValue,
            minCreateRevision: request.created.least.rawValue,
            maxCreateRevision: request.created.greatest.rawValue)
        if let order = request.order {
            sortOrder = order.isDescending ? .descend : .ascend
            sortTarget = .init(order.target)
        }
        // Keys are not empty: a range over all keys starts at the byte 0.
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
            value: String(decoding: pair.value, as: UTF8.self),
            created: Revision(pair.createRevision),
            modified: Revision(pair.modRevision), version: pair.version, lease: pair.lease)
    }

    init(_ pair: Mvccpb_KeyValue) {
        self.init(
            key: String(decoding: pair.key, as: UTF8.self),
            value: String(decoding: pair.value, as: UTF8.self),
            created: Revision(pair.createRevision),
            modified: Revision(pair.modRevision), version: pair.version, lease: pair.lease)
    }
}

extension RecordedReadResponse {
    init(_ response: RangeResponse) {
        self.init(response.encoded(), more: response.more, count: response.count)
    }

    /// Reads a large response in pieces.
    init(_ reader: RangeReader) throws(ReadError) {
        while try !reader.prepare(sizing: false) {}
        var writer = WireWriter(capacity: 1 << 10)
        while try !reader.read(keys: 5, bytes: 1 << 12, into: &writer) {}
        self.init(writer.written, more: reader.more, count: reader.count)
    }

    init(_ encoded: [UInt8], more: Bool, count: Int64) {
        guard let decoded = try? Etcdserverpb_RangeResponse(serializedBytes: encoded) else {
            self = .malformed("a response that is no RangeResponse")
            return
        }
        self = .pairs(decoded.kvs.map { StoredPair($0) }, more: more, count: Int(count))
    }
}
