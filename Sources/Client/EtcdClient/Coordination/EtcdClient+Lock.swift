public import Identifiers

/// A lock that this client holds.
public struct Lock: Sendable {
    /// The key that exists as long as the lock is held.
    public let key: [UInt8]
    /// The revision of the key: greater for each holder, a fencing token for other systems.
    public let revision: Revision
    public let lease: Lease

    /// Holds in a transaction as long as this client holds the lock.
    public var isHeld: Transaction.Condition {
        .createRevision(of: .key(key), .equal, revision)
    }
}

extension EtcdClient {
    /// Runs `body` while this client holds a lock.
    ///
    /// Locks are those of other etcd clients and of `etcdctl lock`: the first that waits gets it
    /// next. If the lease of the lock cannot be renewed in time, `body` is cancelled before another
    /// client may hold the lock, and `leaseLost` is thrown. To be safe from a body that does not
    /// react in time, make its writes depend on `Lock.isHeld`.
    ///
    /// - Parameters:
    ///   - ttl: time until others get the lock if this process stops.
    ///   - patience: how long to wait for the lock; nil: until the task is cancelled.
    /// - Throws: `deadlineExceeded` without the lock after `patience`, `leaseLost`, the errors of
    ///   availability, and those of `body`.
    @discardableResult
    public func withLock<Result: Sendable>(
        _ name: some EtcdBytes, ttl: Duration = .seconds(10), patience: Duration? = nil,
        _ body: @escaping @Sendable (Lock) async throws -> Result
    ) async throws -> Result {
        let line = WaitingLine(self, name)
        return try await withLease(ttl: ttl) { lease in
            let queued = try await line.reachFront(lease, value: [], patience: patience)
            let lock = Lock(key: queued.key, revision: queued.createRevision, lease: lease)
            return try await body(lock)
        }
    }
}

extension WaitingLine {
    /// Enters the line and waits until it is the first.
    func reachFront(
        _ lease: Lease, value: [UInt8], patience: Duration?
    ) async throws -> QueuedKey {
        let timeout = client.cluster.configuration.timeout
        let (queued, isFirst) = try await enter(lease.id, value: value, timeout: timeout)
        if isFirst { return queued }
        guard let patience else {
            try await wait(for: queued)
            return queued
        }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await wait(for: queued)
                return true
            }
            group.addTask {
                try await Task.sleep(for: patience)
                return false
            }
            defer { group.cancelAll() }
            guard try await group.next() == true else { throw EtcdClientError.deadlineExceeded }
            return queued
        }
    }
}
