internal import Synchronization

/// A lease that is renewed as long as the body of `withLease` runs.
public final class Lease: Sendable {
    public let id: LeaseID
    /// The time to live that was granted.
    public let ttl: Duration
    private let expiry: Mutex<ContinuousClock.Instant>

    init(_ grant: LeaseGrant, grantedSince started: ContinuousClock.Instant) {
        id = grant.id
        ttl = grant.ttl
        expiry = Mutex(started + grant.ttl)
    }

    /// When the lease ends if it is not renewed again: by this clock it has not ended at the server
    /// before, since the time counts from when the renewal was sent.
    public var deadline: ContinuousClock.Instant { expiry.withLock { $0 } }

    /// Renews the lease until the task is cancelled; throws `leaseLost` when it could not be renewed
    /// before its deadline.
    func keepAlive(_ client: EtcdClient) async throws {
        let interval = ttl / Self.renewalsInTTL
        while true {
            try await Task.sleep(for: interval)
            try await renew(client)
        }
    }

    private func renew(_ client: EtcdClient) async throws {
        while true {
            let started = ContinuousClock.now
            let remaining = started.duration(to: deadline)
            guard remaining > .zero else { throw EtcdClientError.leaseLost }
            do throws(EtcdClientError) {
                let ttl = try await client.renewLease(id, timeout: remaining)
                expiry.withLock { $0 = started + ttl }
                return
            } catch {
                if error.reason == .leaseNotFound { throw EtcdClientError.leaseLost }
                if error.reason == .clientClosed { throw error }
            }
            try await Task.sleep(for: min(Self.pause, remaining))
        }
    }

    private static let renewalsInTTL = 3
    /// Between attempts to renew a lease.
    private static let pause = Duration.milliseconds(100)
}

extension EtcdClient {
    /// Runs `body` with a lease, which is renewed every third of its time to live and revoked at the
    /// end: its keys are deleted then.
    ///
    /// If the lease cannot be renewed in time, `body` is cancelled before the server may have
    /// ended the lease, and `leaseLost` is thrown.
    ///
    /// - Parameter ttl: time to live, rounded up to whole seconds; at least two.
    /// - Throws: `leaseLost`, the errors of `grantLease`, and those of `body`.
    @discardableResult
    public func withLease<Result: Sendable>(
        ttl: Duration, _ body: @escaping @Sendable (Lease) async throws -> Result
    ) async throws -> Result {
        let started = ContinuousClock.now
        let lease = Lease(try await grantLease(ttl: ttl), grantedSince: started)
        do {
            let result = try await run(body, with: lease)
            await revoke(lease)
            return result
        } catch {
            await revoke(lease)
            throw error
        }
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (Lease) async throws -> Result, with lease: Lease
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await lease.keepAlive(self)
                return nil
            }
            group.addTask { try await body(lease) }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw EtcdClientError.cancelled
        }
    }

    /// Also when the task is cancelled.
    private func revoke(_ lease: Lease) async {
        let request = Self.revocation(lease.id)
        await cluster.complete(.leaseRevoke, request, timeout: .seconds(1))
    }
}
