import Replica

/// Linearizable reads that wait for the leader to confirm an index, by the ticket they share.
struct PendingReads {
    struct Batch {
        let addresses: [ReplyAddress]
        let deadline: Int64
    }

    private var batches: [ReadTicket: Batch] = [:]
    private var nextTicket: ReadTicket = 0
    /// Reads of the present turn: they share one ticket.
    private var gathered: [ReplyAddress] = []
    /// Reads that nobody could confirm; they are asked again with the next tick.
    private var unconfirmed: [ReadTicket] = []

    mutating func add(_ address: ReplyAddress) { gathered.append(address) }

    /// The ticket of the reads that came since the last call; nil if there are none.
    mutating func takeTicket(deadline: Int64) -> ReadTicket? {
        guard !gathered.isEmpty else { return nil }
        defer { nextTicket += 1 }
        batches[nextTicket] = Batch(addresses: gathered, deadline: deadline)
        gathered.removeAll()
        return nextTicket
    }

    /// Who waits for this ticket; each is given once.
    mutating func take(_ ticket: ReadTicket) -> [ReplyAddress] {
        batches.removeValue(forKey: ticket)?.addresses ?? []
    }

    mutating func askAgain(_ tickets: [ReadTicket]) {
        unconfirmed.append(contentsOf: tickets.filter { batches[$0] != nil })
    }

    /// The tickets that are to be asked again now.
    mutating func takeUnconfirmed() -> [ReadTicket] {
        let tickets = unconfirmed.filter { batches[$0] != nil }
        unconfirmed.removeAll()
        return tickets
    }

    /// Who has waited too long, in the order of asking.
    mutating func takeExpired(_ now: Int64) -> [ReplyAddress] {
        let over = batches.filter { $0.value.deadline <= now }.keys.sorted()
        return over.flatMap { take($0) }
    }

    mutating func takeAll() -> [ReplyAddress] {
        defer { gathered.removeAll() }
        return batches.keys.sorted().flatMap { take($0) } + gathered
    }
}
