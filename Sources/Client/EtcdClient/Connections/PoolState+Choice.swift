internal import GRPC
internal import NIOCore

extension PoolState {
    /// How long an endpoint that did not serve a call is avoided.
    private static let avoidance = TimeAmount.seconds(5)

    /// A connection, and whether endpoints may have to be dialed.
    mutating func choose(avoiding avoided: Int?, now: NIODeadline) -> (Choice, dials: Bool) {
        if case .closed = phase { return (.failed(.clientClosed), false) }
        guard case .running = phase, let lease = take(avoiding: avoided, now) else {
            return (.wait, false)
        }
        return (.connection(lease), idleCount > 0)
    }

    mutating func chooseOrWait(_ waiter: PoolWaiter, now: NIODeadline) -> Choice {
        let (choice, _) = choose(avoiding: nil, now: now)
        if case .wait = choice { waiters.append(waiter) }
        return choice
    }

    mutating func remove(_ waiter: PoolWaiter) {
        waiters.removeAll { $0 === waiter }
    }

    private mutating func take(
        avoiding avoided: Int?, _ now: NIODeadline
    ) -> ConnectionPool.Lease? {
        var second: Int?
        for offset in slots.indices {
            let index = (next + offset) % slots.count
            guard slots[index].connection != nil else { continue }
            if isPreferred(index, avoided, now) { return take(index) }
            if second == nil || slots[index].id != avoided { second = index }
        }
        return second.flatMap { take($0) }
    }

    private func isPreferred(_ index: Int, _ avoided: Int?, _ now: NIODeadline) -> Bool {
        if slots[index].id == avoided { return false }
        guard let end = slots[index].avoidedUntil else { return true }
        return end <= now
    }

    private mutating func take(_ index: Int) -> ConnectionPool.Lease? {
        guard let connection = slots[index].connection else { return nil }
        next = index + 1
        return ConnectionPool.Lease(
            slot: slots[index].id, endpoint: slots[index].endpoint, connection: connection,
            isAvoided: slots[index].avoidedUntil != nil)
    }

    mutating func avoid(_ lease: ConnectionPool.Lease, now: NIODeadline) {
        guard let index = index(lease.slot, lease.connection) else { return }
        slots[index].avoidedUntil = now + Self.avoidance
    }

    mutating func stopAvoiding(_ lease: ConnectionPool.Lease) {
        guard let index = index(lease.slot, lease.connection) else { return }
        slots[index].avoidedUntil = nil
    }

    func index(_ id: Int, _ connection: GRPCClientConnection) -> Int? {
        slots.firstIndex { $0.id == id && $0.connection === connection }
    }
}
