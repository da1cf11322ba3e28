internal import EtcdAPI
import Identifiers
internal import StateMachine

/// The queue behind elections and locks: keys `name/<lease>` in the order of their creation, each
/// attached to its lease. The oldest key is the owner.
///
/// It corresponds to `Mutex` and `Election` of etcd's package `concurrency`.
struct OwnershipQueue: Sendable {
    static let sessionSeconds: Int64 = 60

    let client: InProcessClient
    /// The name of the election or lock, followed by a slash.
    let prefix: [UInt8]

    init(_ client: InProcessClient, name: some Sequence<UInt8>) {
        self.client = client
        prefix = Array(name) + [UInt8(ascii: "/")]
    }

    /// End of the queue's key range: `0` is the byte after the slash.
    var end: [UInt8] { prefix.dropLast() + [UInt8(ascii: "/") + 1] }

    func key(lease: Int64) -> [UInt8] {
        prefix + Array(String(lease, radix: 16).utf8)
    }

    /// The given lease, or a new one. The server does not keep it alive.
    func session(_ lease: Int64) async throws -> Int64 {
        guard lease == 0 else { return lease }
        let id = Int64(
            bitPattern: client.context.runtime.nextRequestID() & 0x7FFF_FFFF_FFFF_FFFF)
        let request = LeaseGrantRequest(ttlSeconds: Self.sessionSeconds, id: id)
        try await client.requireUser()
        _ = try await client.propose(InternalRaftRequest.Field.leaseGrant, request.encoded())
        return id
    }

    /// Puts a key unless it exists; returns the existing pair in that case.
    func join(
        _ key: [UInt8], value: [UInt8], lease: Int64
    ) async throws -> (header: ResponseHeader, present: KeyValue?) {
        let request = TxnRequest(
            compare: [Self.isCreated(key, at: 0)],
            success: [.put(PutRequest(key: key[...], value: value[...], lease: lease))],
            failure: [.range(RangeRequest(key: key[...]))])
        let (response, header) = try await client.transaction(request)
        guard !response.succeeded, case .range(let range)? = response.responses.first else {
            return (header, nil)
        }
        let decoded = try Etcdserverpb_RangeResponse(serializedBytes: range.encoded())
        return (header, decoded.kvs.first.map { KeyValue($0) })
    }

    /// Waits until every key created before `revision` is deleted.
    func waitForOwnership(before revision: Revision) async throws -> ResponseHeader {
        while true {
            let (pairs, header) = try await client.range(
                RangeRequest(
                    key: prefix[...], rangeEnd: end[...], limit: 1, sortOrder: .descend,
                    sortTarget: .create, maxCreateRevision: revision.previous.rawValue))
            guard let last = pairs.first else { return header }
            try await waitForDeletion(of: Array(last.key), after: Revision(header.revision))
        }
    }

    private func waitForDeletion(of key: [UInt8], after revision: Revision) async throws {
        for try await change in try await client.changes(
            key: key, end: [], from: revision.next)
        where change.isDeletion { return }
        try Task.checkCancellation()
        throw EtcdError.lostWatcher
    }

    /// The pair at the head of the queue.
    func owner() async throws -> (pair: KeyValue?, header: ResponseHeader) {
        let (pairs, header) = try await client.range(
            RangeRequest(
                key: prefix[...], rangeEnd: end[...], limit: 1, sortOrder: .ascend,
                sortTarget: .create))
        return (pairs.first, header)
    }

    static func isCreated(_ key: [UInt8], at revision: Revision) -> Compare {
        Compare(
            result: .equal, target: .create, key: key[...],
            operand: .createRevision(revision.rawValue))
    }
}

extension KeyValue {
    init(_ pair: Mvccpb_KeyValue) {
        self.init(
            key: Array(pair.key)[...], createRevision: pair.createRevision,
            modRevision: pair.modRevision, version: pair.version, value: Array(pair.value)[...],
            lease: pair.lease)
    }
}

extension Mvccpb_KeyValue {
    init(_ pair: KeyValue) {
        self.init()
        key = .init(pair.key)
        createRevision = pair.createRevision
        modRevision = pair.modRevision
        version = pair.version
        value = .init(pair.value)
        lease = pair.lease
    }
}
