import MonotonicClock
import Replica

/// Linearizable reads that wait for a confirmed index, by the read request that they share.
struct PendingReads {
    struct Batch {
        let addresses: [CompletionAddress]
        let deadline: MonotonicTime
    }

    private var batches: [ReadRequestID: Batch] = [:]
    private var nextRequest: ReadRequestID = 0
    /// Reads of the current run: they share one read request.
    private var collected: [CompletionAddress] = []
    /// Unconfirmed read requests; they are retried at the next tick.
    private var unconfirmed: [ReadRequestID] = []

    mutating func add(_ address: CompletionAddress) { collected.append(address) }

    /// The request for the reads that came since the last call; nil if there are none.
    mutating func takeRequest(deadline: MonotonicTime) -> ReadRequestID? {
        guard !collected.isEmpty else { return nil }
        defer { nextRequest += 1 }
        batches[nextRequest] = Batch(addresses: collected, deadline: deadline)
        collected.removeAll()
        return nextRequest
    }

    /// The reads that wait for this request; each is returned once.
    mutating func take(_ request: ReadRequestID) -> [CompletionAddress] {
        batches.removeValue(forKey: request)?.addresses ?? []
    }

    mutating func retry(_ requests: [ReadRequestID]) {
        unconfirmed.append(contentsOf: requests.filter { batches[$0] != nil })
    }

    /// The requests to retry now.
    mutating func takeUnconfirmed() -> [ReadRequestID] {
        let requests = unconfirmed.filter { batches[$0] != nil }
        unconfirmed.removeAll()
        return requests
    }

    /// The reads that have timed out, oldest first.
    mutating func takeExpired(_ now: MonotonicTime) -> [CompletionAddress] {
        let expired = batches.filter { $0.value.deadline <= now }.keys.sorted()
        return expired.flatMap { take($0) }
    }

    mutating func takeAll() -> [CompletionAddress] {
        defer { collected.removeAll() }
        return batches.keys.sorted().flatMap { take($0) } + collected
    }
}
