import EtcdAPI
package import Raft

/// The number of the proposals that one turn of the consensus stage has taken.
package typealias ProposalBatchNumber = UInt64

/// A proposal somebody waits for.
package struct Registration: Sendable {
    package let id: UInt64
    package let address: ReplyAddress
}

/// Where proposals went.
package struct SentProposals: Sendable {
    /// The term in which they went there.
    package let term: UInt64
    package let leader: MemberID
}

/// Proposals that were taken together, and so share what becomes of them.
package struct ProposalBatch: Sendable {
    package let number: ProposalBatchNumber
    /// Monotonic milliseconds.
    package let deadline: Int64
    /// nil while they wait here for a leader.
    package let sent: SentProposals?
}

/// Proposals whose answers are awaited, by id.
///
/// A proposal ends in one of three ways: it is applied; it is decided that it will not be, once an
/// entry of a later term is applied and the leader it went to is gone; or its time is over.
struct ProposalWaiters {
    private struct Batch {
        let number: ProposalBatchNumber
        var deadline: Int64
        var sent: SentProposals?
        let ids: [UInt64]
        /// Set when a later term has begun while the leader was still there to pass them on.
        var isOvertaken = false
    }

    private var addresses: [UInt64: ReplyAddress] = [:]
    /// Ascending by number, and by deadline until one is overtaken.
    private var batches: [Batch] = []
    private var hasOvertaken = false
    /// When the connection to the leader was last found lost.
    private var connectionLostAt: Int64 = .min
    private let timeoutMilliseconds: Int64

    init(timeoutMilliseconds: Int64) { self.timeoutMilliseconds = timeoutMilliseconds }

    var count: Int { addresses.count }

    mutating func add(_ registrations: [Registration], _ batch: ProposalBatch) {
        for registration in registrations { addresses[registration.id] = registration.address }
        batches.append(
            Batch(
                number: batch.number, deadline: batch.deadline, sent: batch.sent,
                ids: registrations.map(\.id)))
    }

    /// A batch that had waited for a leader has gone to one.
    mutating func markSent(_ number: ProposalBatchNumber, _ sent: SentProposals) {
        guard let first = batches.first?.number, number >= first else { return }
        for index in batches.indices where batches[index].number == number {
            batches[index].sent = sent
        }
    }

    mutating func noteConnectionLost(at time: Int64) { connectionLostAt = time }

    mutating func take(_ id: UInt64) -> ReplyAddress? { addresses.removeValue(forKey: id) }

    /// An entry of a later term is applied: what went to an earlier leader and was not applied
    /// before it was lost with that leader, or is on its way through it to the next one. The second
    /// can be only while the leader can be reached, and not for long.
    ///
    /// - Returns: who waits for proposals that are decided now.
    mutating func takeDecided(
        by term: UInt64, own: MemberID, graceEnd: Int64, isConnected: (MemberID) -> Bool
    ) -> [ReplyAddress] {
        var decided: [ReplyAddress] = []
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

    /// Those whose time is over, each with its error.
    mutating func takeExpired(_ now: Int64) -> [(address: ReplyAddress, error: EtcdError)] {
        var expired: [(address: ReplyAddress, error: EtcdError)] = []
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
        _ batch: Batch, into expired: inout [(address: ReplyAddress, error: EtcdError)]
    ) {
        let error = error(of: batch)
        for id in batch.ids {
            guard let address = take(id) else { continue }
            expired.append((address, error))
        }
    }

    /// What etcd says: a request that never left waited for its context alone.
    private func error(of batch: Batch) -> EtcdError {
        if batch.sent == nil { return .contextDeadlineExceeded }
        if batch.isOvertaken { return .timeoutDueToLeaderFailure }
        if connectionLostAt > batch.deadline - timeoutMilliseconds {
            return .timeoutDueToConnectionLost
        }
        return .timeout
    }

    mutating func takeAll() -> [ReplyAddress] {
        defer { addresses.removeAll() }
        return addresses.keys.sorted().compactMap { addresses[$0] }
    }
}
