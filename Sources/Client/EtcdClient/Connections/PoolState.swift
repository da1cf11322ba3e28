internal import GRPC
internal import MonotonicClock
internal import NIOCore

/// The state of a `ConnectionPool`: what is connected, dialed, avoided, and who waits.
struct PoolState {
    typealias Retry = (deadline: NIODeadline, timer: Scheduled<Void>)
    typealias Dial = EventLoopFuture<GRPCClientConnection>

    enum Phase {
        case initial
        case running
        case closed
    }

    enum SlotState {
        case idle
        /// The future is nil until the dial is recorded.
        case dialing(Dial?)
        case connected(GRPCClientConnection)
    }

    struct Slot {
        let id: Int
        let endpoint: Endpoint
        var state = SlotState.idle
        /// Dials that failed since the last success.
        var failures = 0
        var mayDialAt = NIODeadline.uptimeNanoseconds(0)
        var avoidedUntil: NIODeadline?

        var connection: GRPCClientConnection? {
            if case .connected(let connection) = state { connection } else { nil }
        }

        var isIdle: Bool {
            if case .idle = state { true } else { false }
        }
    }

    enum Choice {
        case connection(ConnectionPool.Lease)
        case wait
        case failed(EtcdClientError)
    }

    struct Closing {
        var connections: [GRPCClientConnection] = []
        var dials: [Dial] = []
        var waiters: [PoolWaiter] = []
        var retry: Retry?
    }

    var slots: [Slot] = []
    /// Why calls that wait fail at their deadline: the last failed dial.
    var failure = EtcdClientError.clientNotRunning
    var retry: Retry?
    /// Connections that take no more calls and are not closed yet.
    var leaving: [ObjectIdentifier: GRPCClientConnection] = [:]
    private(set) var phase = Phase.initial
    var waiters: [PoolWaiter] = []
    var next = 0
    private var nextID = 0
    var idleCount = 0

    init(endpoints: [Endpoint]) {
        add(endpoints)
    }

    var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    private mutating func add(_ endpoints: [Endpoint]) {
        for endpoint in endpoints {
            slots.append(Slot(id: nextID, endpoint: endpoint))
            nextID += 1
        }
        countIdle()
    }

    mutating func countIdle() {
        idleCount = slots.count { $0.isIdle }
    }

    mutating func start() -> Bool {
        guard case .initial = phase else { return false }
        phase = .running
        failure = .deadlineExceeded
        return true
    }

    mutating func close() -> Closing {
        phase = .closed
        var closing = Closing()
        for slot in slots {
            switch slot.state {
            case .idle, .dialing(nil): break
            case .dialing(let dial?): closing.dials.append(dial)
            case .connected(let connection): closing.connections.append(connection)
            }
        }
        closing.connections += leaving.values
        leaving = [:]
        slots = []
        idleCount = 0
        swap(&closing.waiters, &waiters)
        closing.retry = retry
        retry = nil
        return closing
    }

    /// Returns the connections of endpoints that are no longer listed.
    mutating func replace(with endpoints: [Endpoint]) -> [GRPCClientConnection] {
        guard case .running = phase else { return [] }
        let removed = slots.filter { slot in !endpoints.contains(slot.endpoint) }
        slots.removeAll { slot in !endpoints.contains(slot.endpoint) }
        add(endpoints.filter { endpoint in !slots.contains { $0.endpoint == endpoint } })
        let connections = removed.compactMap(\.connection)
        for connection in connections { leaving[ObjectIdentifier(connection)] = connection }
        return connections
    }

    /// The connection is closed.
    mutating func closed(_ connection: GRPCClientConnection) {
        leaving[ObjectIdentifier(connection)] = nil
    }
}
