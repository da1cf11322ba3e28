import EtcdAPI
package import Identifiers
package import MonotonicClock

/// The number of a batch of proposals taken in one run of the consensus stage.
package typealias ProposalBatchNumber = UInt64

/// A proposal with a waiter.
package struct Registration: Sendable {
    package let id: UInt64
    package let address: CompletionAddress
}

/// The leader that proposals were sent to.
package struct SentProposals: Sendable {
    /// The term in which they were sent.
    package let term: Term
    package let leader: MemberID
}

/// Proposals that were taken together, and share their fate.
package struct ProposalBatch: Sendable {
    package let number: ProposalBatchNumber
    /// When its proposals fail.
    package let deadline: MonotonicTime
    /// nil while they are held until there is a leader.
    package let sent: SentProposals?
}

/// The waiters of proposals, by ID.
///
/// A proposal ends in one of three ways: it is applied; it is decided that it will not be, once an
/// entry of a later term is applied and the leader it was sent to is gone; or it times out.
struct ProposalWaiters {
    private struct Batch {
        let number: ProposalBatchNumber
        var deadline: MonotonicTime
        var sent: SentProposals?
        let ids: [UInt64]
        /// Set when a later term has begun while the leader was still reachable and could forward
        /// them.
        var isOvertaken = false
    }

    private var addresses: [UInt64: CompletionAddress] = [:]
    /// Ascending by number, and by deadline until one is overtaken.
    private var batches: [Batch] = []
    private var hasOvertaken = false
    /// When the connection to the leader was last lost.
    private var connectionLostAt: MonotonicTime = .distantPast
    private let timeout: TimeSpan

    init(timeout: TimeSpan) { self.timeout = timeout }

    var count: Int { addresses.count }

    mutating func add(_ registrations: [Registration], _ batch: ProposalBatch) {
        for registration in registrations { addresses[registration.id] = registration.address }
        batches.append(
            Batch(
                number: batch.number, deadline: batch.deadline, sent: batch.sent,
                ids: registrations.map(\.id)))
    }

    /// A held batch was sent to a leader.
    mutating func markSent(_ number: ProposalBatchNumber, _ sent: SentProposals) {
        guard let first = batches.first?.number, number >= first else { return }
        for index in batches.indices where batches[index].number == number {
            batches[index].sent = sent
        }
    }

    mutating func recordConnectionLost(at time: MonotonicTime) { connectionLostAt = time }

    /// The result of a search, so that its waiter is taken without another one. Valid until the
    /// waiters change.
    struct Search {
        fileprivate let id: UInt64
        fileprivate let index: Dictionary<UInt64, CompletionAddress>.Index?

        var isFound: Bool { index != nil }
    }

    func search(_ id: UInt64) -> Search { Search(id: id, index: addresses.index(forKey: id)) }

    mutating func take(_ id: UInt64) -> CompletionAddress? { addresses.removeValue(forKey: id) }

    /// As above, with the search for this ID if there was one.
    mutating func take(_ id: UInt64, after search: Search?) -> CompletionAddress? {
        guard let search, search.id == id else { return take(id) }
        return search.index.map { addresses.remove(at: $0).value }
    }

    /// Called when an entry of a later term is applied: a proposal that was sent to an earlier
    /// leader and not applied before was lost with that leader, or that leader is forwarding it to
    /// the next one. The second is possible only while the leader is reachable, and not for long.
    ///
    /// - Returns: the waiters of proposals that are decided now.
    mutating func takeDecided(
        by term: Term, own: MemberID, graceEnd: MonotonicTime, isConnected: (MemberID) -> Bool
    ) -> [CompletionAddress] {
        var decided: [CompletionAddress] = []
        batches.removeAll { batch in
            guard let sent = batch.sent, sent.term < term else { return false }
            guard sent.leader == own || !isConnected(sent.leader) else { return false }
            decided.append(contentsOf: batch.ids.compactMap { addresses.removeValue(forKey: $0) })
            return true
        }
        for index in batches.indices {
            guard let sent = batches[index].sent, sent.term < term else { continue }
            batches[index].isOvertaken = true
            batches[index].deadline = min(batches[index].deadline, graceEnd)
            hasOvertaken = true
        }
        return decided
    }

    /// The waiters that have timed out, each with its error.
    mutating func takeExpired(_ now: MonotonicTime) -> [(
        address: CompletionAddress, error: EtcdError
    )] {
        var expired: [(address: CompletionAddress, error: EtcdError)] = []
        while let first = batches.first, first.deadline <= now {
            expire(batches.removeFirst(), into: &expired)
        }
        guard hasOvertaken else { return expired }
        for batch in batches where batch.deadline <= now { expire(batch, into: &expired) }
        batches.removeAll { $0.deadline <= now }
        hasOvertaken = batches.contains(where: \.isOvertaken)
        return expired
    }

    private mutating func expire(
        _ batch: Batch, into expired: inout [(address: CompletionAddress, error: EtcdError)]
    ) {
        let error = error(of: batch)
        for id in batch.ids {
            guard let address = take(id) else { continue }
            expired.append((address, error))
        }
    }

    /// As in etcd: a request that was never sent ends with its context.
    private func error(of batch: Batch) -> EtcdError {
        if batch.sent == nil { return .contextDeadlineExceeded }
        if batch.isOvertaken { return .timeoutDueToLeaderFailure }
        if connectionLostAt > batch.deadline - timeout {
            return .timeoutDueToConnectionLost
        }
        return .timeout
    }

    mutating func takeAll() -> [CompletionAddress] {
        defer { addresses.removeAll() }
        return addresses.keys.sorted().compactMap { addresses[$0] }
    }
}
