internal import Identifiers

/// Clients that wait for one thing, in the order of their arrival: a key each, under one prefix and
/// with a lease, as in etcd's own clients. The first is the one whose key is the oldest.
struct WaitingLine: Sendable {
    let client: EtcdClient
    /// With the final slash.
    let prefix: [UInt8]

    init(_ client: EtcdClient, _ name: some EtcdBytes) {
        self.client = client
        prefix = name.etcdBytes + [UInt8(ascii: "/")]
    }

    private var keys: KeyRange { .prefix(prefix) }

    /// The oldest key.
    private static let oldest = RangeOptions(limit: 1, order: .init(by: .createRevision))

    /// Adds the key of a lease.
    ///
    /// - Returns: the key, and the first of the line.
    func enter(
        _ lease: LeaseID, value: [UInt8], timeout: Duration
    ) async throws(EtcdClientError) -> (queued: QueuedKey, isFirst: Bool) {
        let key = prefix + Array(String(UInt64(bitPattern: lease.rawValue), radix: 16).utf8)
        let transaction = Transaction.when(.createRevision(of: .key(key), .equal, 0))
            .then(.put(key, value, lease: lease), .range(keys, Self.oldest))
            .otherwise(.get(key), .range(keys, Self.oldest))
        let response = try await client.commit(
            transaction, isIdempotent: true, timeout: timeout)
        let revision =
            response.succeeded
            ? response.header.revision : response.pairs.first?.createRevision ?? 0
        let queued = QueuedKey(key: key, createRevision: revision)
        guard let first = response.pairs.last else { throw .leaseLost }
        return (queued, first.createRevision == revision)
    }

    /// Waits until all keys that are older than it are deleted.
    func wait(for queued: QueuedKey) async throws {
        let older = RangeOptions(
            limit: 1, order: .init(by: .createRevision, descending: true), keysOnly: true,
            createRevisions: 0...queued.createRevision.previous)
        while true {
            let response = try await client.range(keys, older)
            guard let predecessor = response.pairs.first else { break }
            try await waitForDeletion(of: predecessor.key, after: response.header.revision)
        }
        guard try await client.get(queued.key) != nil else { throw EtcdClientError.leaseLost }
    }

    private func waitForDeletion(of key: [UInt8], after revision: Revision) async throws {
        let options = WatchOptions(from: revision.next, skipping: [.put])
        for try await update in client.watch(.key(key), options) where !update.events.isEmpty {
            return
        }
    }

    /// The first waiter of the queue; nil if the queue is empty.
    func first(
        timeout: Duration? = nil
    ) async throws(EtcdClientError) -> (pair: KeyValuePair?, revision: Revision) {
        let response = try await client.range(keys, Self.oldest, timeout: timeout)
        return (response.pairs.first, response.header.revision)
    }
}

/// A key in a waiting line.
struct QueuedKey: Hashable, Sendable {
    let key: [UInt8]
    let createRevision: Revision
}
