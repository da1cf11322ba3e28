internal import GRPC
internal import Logging
internal import MonotonicClock
internal import NIOCore
internal import Synchronization

/// The connections to the endpoints: one each, opened when a call needs it.
///
/// Calls take the open connections in turn. An endpoint that did not serve a call is avoided for a
/// while; one that cannot be reached is dialed again after a pause that grows. No task belongs to
/// the pool: dials and timers run on event loops, and `close` waits for them.
final class ConnectionPool: Sendable {
    /// A connection for one call.
    struct Lease: Sendable {
        let slot: Int
        let endpoint: Endpoint
        let connection: GRPCClientConnection
        /// Whether the endpoint did not serve an earlier call.
        let isAvoided: Bool
    }

    let dialer: Dialer
    private let state: Mutex<PoolState>
    private let configuration: EtcdClient.Configuration
    private let log: ConnectionLog?

    init(
        endpoints: [Endpoint], configuration: EtcdClient.Configuration,
        group: any EventLoopGroup, logger: Logger?
    ) throws(EtcdClientError) {
        dialer = try Dialer(endpoints: endpoints, configuration: configuration, group: group)
        state = Mutex(PoolState(endpoints: endpoints))
        self.configuration = configuration
        log = logger.map { ConnectionLog($0) }
    }

    /// A pool of one endpoint with the same settings, for calls of that member.
    init(of endpoint: Endpoint, like pool: ConnectionPool) throws(EtcdClientError) {
        dialer = pool.dialer
        try dialer.prepare(for: [endpoint])
        state = Mutex(PoolState(endpoints: [endpoint]))
        configuration = pool.configuration
        log = pool.log
    }

    /// Whether `run()` has ended.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    var endpoints: [Endpoint] { state.withLock { $0.slots.map(\.endpoint) } }
    /// Whether a call may be repeated on another endpoint.
    var hasAlternatives: Bool { state.withLock { $0.slots.count > 1 } }

    func start() {
        let mayStart = state.withLock { $0.start() }
        precondition(mayStart, "run() is called once")
        dialDue()
    }

    /// Replaces the endpoints; connections of removed ones end with their last call.
    func replace(with endpoints: [Endpoint]) throws(EtcdClientError) {
        try dialer.prepare(for: endpoints)
        let removed = state.withLock { $0.replace(with: endpoints) }
        log?.forget(except: endpoints)
        for connection in removed {
            connection.eventLoop.execute { connection.closeWhenIdle() }
        }
        dialDue()
    }

    /// Closes all connections, and waits until no socket is open.
    func close() async {
        let closing = state.withLock { $0.close() }
        closing.retry?.timer.cancel()
        for waiter in closing.waiters { waiter.fail(.clientClosed) }
        for connection in closing.connections { _ = try? await connection.close().get() }
        for dial in closing.dials { _ = try? await dial.get().close().get() }
    }
}

// MARK: - Connections for calls

extension ConnectionPool {
    /// A connection; waits for one until the deadline.
    ///
    /// - Parameter avoided: a slot that is only taken if there is no other.
    func connection(
        avoiding avoided: Int? = nil, until deadline: NIODeadline
    ) async throws(EtcdClientError) -> Lease {
        let (choice, dials) = state.withLock { $0.choose(avoiding: avoided, now: .now()) }
        if dials { dialDue() }
        switch choice {
        case .connection(let lease): return lease
        case .failed(let error): throw error
        case .wait: return try await wait(until: deadline)
        }
    }

    /// Why no endpoint can be reached, when the last dial of each has failed.
    var unreachability: EtcdClientError? {
        dialDue()
        return state.withLock { $0.unreachability }
    }

    /// A connection if one is open.
    ///
    /// - Parameter avoided: a slot that is only taken if there is no other.
    func openConnection(avoiding avoided: Int? = nil) -> Lease? {
        let (choice, dials) = state.withLock { $0.choose(avoiding: avoided, now: .now()) }
        if dials { dialDue() }
        if case .connection(let lease) = choice { return lease }
        return nil
    }

    private func wait(until deadline: NIODeadline) async throws(EtcdClientError) -> Lease {
        let waiter = PoolWaiter()
        let timer = dialer.loop.scheduleTask(deadline: deadline) {
            let failure = self.state.withLock { state in
                state.remove(waiter)
                return state.failure
            }
            waiter.fail(failure)
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiter.begin(continuation)
                let choice = state.withLock { $0.chooseOrWait(waiter, now: .now()) }
                switch choice {
                case .connection(let lease): waiter.succeed(lease)
                case .failed(let error): waiter.fail(error)
                case .wait:
                    dialDue()
                    scheduleRetry()
                }
            }
        } onCancel: {
            state.withLock { $0.remove(waiter) }
            waiter.fail(.cancelled)
        }
        return try result.get()
    }

    /// Avoids an endpoint that did not serve a call, if there are others.
    ///
    /// - Parameter silentSince: the start of a call that timed out. A connection without any data
    ///   since then is closed: the member or the network has stopped.
    func avoid(
        _ lease: Lease, after error: EtcdClientError, silentSince time: MonotonicTime? = nil
    ) {
        state.withLock { $0.avoid(lease, now: .now()) }
        log?.record(.avoided, lease.endpoint, "\(error)")
        if let time { lease.connection.close(ifSilentSince: time) }
    }

    /// The endpoint has served a call.
    func served(_ lease: Lease) {
        guard lease.isAvoided else { return }
        state.withLock { $0.stopAvoiding(lease) }
    }
}

// MARK: - Dials

extension ConnectionPool {
    private func dialDue() {
        for slot in state.withLock({ $0.takeDue(now: .now()) }) {
            let dial = dialer.dial(slot.endpoint)
            // If the pool was closed meanwhile, `finish` closes what is opened.
            state.withLock { $0.record(dial, of: slot.id) }
            dial.whenComplete { self.finish(slot.id, slot.endpoint, $0) }
        }
    }

    /// On the event loop of the connection.
    private func finish(
        _ slot: Int, _ endpoint: Endpoint, _ result: Result<GRPCClientConnection, any Error>
    ) {
        switch result {
        case .success(let connection):
            guard connection.isUsable else {
                return failed(slot, endpoint, "the connection was closed")
            }
            connection.onUnusable = { self.lost(slot, endpoint, connection) }
            let taken = state.withLock { $0.opened(connection, slot, now: .now()) }
            guard let taken else {
                _ = connection.close()
                return
            }
            log?.record(.connected, endpoint)
            connection.closeFuture.whenComplete { _ in
                self.state.withLock { $0.closed(connection) }
            }
            let lease = Lease(
                slot: slot, endpoint: endpoint, connection: connection, isAvoided: false)
            for waiter in taken { waiter.succeed(lease) }
        case .failure(let error):
            failed(slot, endpoint, DialErrorText.text(of: error, endpoint))
        }
    }

    private func lost(_ slot: Int, _ endpoint: Endpoint, _ connection: GRPCClientConnection) {
        log?.record(.lost, endpoint)
        state.withLock { $0.lost(connection, slot, now: .now()) }
        dialDue()
        scheduleRetry()
    }

    private func failed(_ slot: Int, _ endpoint: Endpoint, _ text: String) {
        log?.record(.failed, endpoint, text)
        let failure = EtcdClientError.unavailable("connection error: desc = \"\(text)\"")
        let waiters = state.withLock { state in
            state.failed(slot, failure, now: .now())
            return configuration.failsWithoutConnection ? state.takeHopelessWaiters() : []
        }
        for waiter in waiters { waiter.fail(failure) }
        scheduleRetry()
    }

    /// Dials again when the next pause is over, if a call waits for that.
    private func scheduleRetry() {
        state.withLock { state in
            guard let due = state.nextDial else { return }
            if let retry = state.retry {
                guard due < retry.deadline else { return }
                retry.timer.cancel()
            }
            let timer = dialer.loop.scheduleTask(deadline: due) {
                self.state.withLock { $0.retry = nil }
                self.dialDue()
                self.scheduleRetry()
            }
            state.retry = (due, timer)
        }
    }
}
