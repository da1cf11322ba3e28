internal import GRPC
internal import NIOCore

extension PoolState {
    private static let pauseMin = TimeAmount.milliseconds(50)
    private static let pauseMax = TimeAmount.seconds(5)

    /// The slots to dial now, in a random order: the first to be connected serves the first calls,
    /// and a client may make no more. They count as dialing from here on.
    mutating func takeDue(now: NIODeadline) -> [(id: Int, endpoint: Endpoint)] {
        guard case .running = phase, idleCount > 0, isNeeded else { return [] }
        var due: [(id: Int, endpoint: Endpoint)] = []
        for index in slots.indices where slots[index].isIdle && slots[index].mayDialAt <= now {
            slots[index].state = .dialing(nil)
            due.append((slots[index].id, slots[index].endpoint))
        }
        if !due.isEmpty { countIdle() }
        return due.shuffled()
    }

    /// Connections are opened for calls that wait, and beside others that are used.
    private var isNeeded: Bool {
        !waiters.isEmpty || slots.contains { $0.connection != nil }
    }

    mutating func record(_ dial: Dial, of id: Int) {
        guard let index = slots.firstIndex(where: { $0.id == id }),
            case .dialing = slots[index].state
        else { return }
        slots[index].state = .dialing(dial)
    }

    /// Returns the waiting calls, or nil if the connection is not wanted any more.
    mutating func opened(
        _ connection: GRPCClientConnection, _ id: Int, now: NIODeadline
    ) -> [PoolWaiter]? {
        guard let index = slots.firstIndex(where: { $0.id == id }) else { return nil }
        slots[index].state = .connected(connection)
        slots[index].failures = 0
        slots[index].avoidedUntil = nil
        failure = .deadlineExceeded
        // A connection that is lost at once is not dialed in a loop.
        slots[index].mayDialAt = now + Self.pauseMin
        var taken: [PoolWaiter] = []
        swap(&taken, &waiters)
        return taken
    }

    mutating func lost(_ connection: GRPCClientConnection, _ id: Int, now: NIODeadline) {
        guard let index = index(id, connection) else { return }
        slots[index].state = .idle
        idleCount += 1
        leaving[ObjectIdentifier(connection)] = connection
    }

    mutating func failed(_ id: Int, _ failure: EtcdClientError, now: NIODeadline) {
        guard let index = slots.firstIndex(where: { $0.id == id }) else { return }
        self.failure = failure
        let doubled = Self.pauseMin * (1 << min(slots[index].failures, 10))
        let pause = min(doubled, Self.pauseMax).nanoseconds
        slots[index].state = .idle
        slots[index].failures += 1
        slots[index].mayDialAt = now + .nanoseconds(Int64.random(in: pause / 2...pause))
        idleCount += 1
    }

    /// The last failure, if each endpoint waits for another dial after one that failed.
    var unreachability: EtcdClientError? {
        guard case .running = phase, idleCount == slots.count,
            slots.allSatisfy({ $0.failures > 0 })
        else { return nil }
        return failure
    }

    /// The waiting calls, if no endpoint is connected or dialed.
    mutating func takeHopelessWaiters() -> [PoolWaiter] {
        guard idleCount == slots.count else { return [] }
        var taken: [PoolWaiter] = []
        swap(&taken, &waiters)
        return taken
    }

    /// When the next idle endpoint may be dialed; nil if no call waits.
    var nextDial: NIODeadline? {
        guard case .running = phase, !waiters.isEmpty else { return nil }
        return slots.lazy.filter(\.isIdle).map(\.mayDialAt).min()
    }
}
