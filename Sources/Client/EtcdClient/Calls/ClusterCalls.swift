internal import EtcdAPI
internal import GRPC
internal import Logging
internal import MonotonicClock
internal import SwiftProtobuf
internal import Synchronization

/// The calls of a client: each takes a connection, adds the token, and is repeated on another
/// endpoint if that is safe.
final class ClusterCalls: Sendable {
    let pool: ConnectionPool
    let configuration: EtcdClient.Configuration
    /// The revision of the newest response, for `ordersSerializableReads`.
    let newestRevision = Atomic<Int64>(0)
    let tokens: TokenSource?
    private let metrics: CallMetrics?
    private let logger: Logger?

    convenience init(
        pool: ConnectionPool, configuration: EtcdClient.Configuration, logger: Logger?
    ) {
        self.init(
            pool: pool, configuration: configuration,
            tokens: configuration.credentials.map { TokenSource($0) },
            metrics: CallMetrics.ifEnabled(), logger: logger)
    }

    private init(
        pool: ConnectionPool, configuration: EtcdClient.Configuration, tokens: TokenSource?,
        metrics: CallMetrics?, logger: Logger?
    ) {
        self.pool = pool
        self.configuration = configuration
        self.tokens = tokens
        self.metrics = metrics
        self.logger = logger
    }

    /// Calls of one member, with the same user, as long as `body` runs.
    func onMember<Result: Sendable>(
        _ endpoint: String, _ body: (ClusterCalls) async throws -> Result
    ) async throws -> Result {
        let member = try ConnectionPool(of: try Endpoint(endpoint), like: pool)
        member.start()
        let calls = ClusterCalls(
            pool: member, configuration: configuration, tokens: tokens, metrics: metrics,
            logger: logger)
        do {
            let result = try await body(calls)
            await member.close()
            return result
        } catch {
            await member.close()
            throw error
        }
    }
}

// MARK: - Unary calls

extension ClusterCalls {
    /// Makes a unary call.
    func unary(
        _ method: Method, _ message: [UInt8], timeout: Duration? = nil
    ) async throws(EtcdClientError) -> [UInt8] {
        guard message.count <= configuration.requestBytesMax else {
            throw .requestTooLarge(message.count, max: configuration.requestBytesMax)
        }
        let observation = CallObservation(method, metrics: metrics, logger: logger)
        var attempts = CallAttempts(
            method, CallDeadline(after: timeout ?? configuration.timeout), configuration.retries)
        do throws(EtcdClientError) {
            let response = try await unary(&attempts, message, observation)
            observation.ended(nil)
            return response
        } catch {
            observation.ended(error)
            throw error
        }
    }

    private func unary(
        _ attempts: inout CallAttempts, _ message: [UInt8], _ observation: CallObservation
    ) async throws(EtcdClientError) -> [UInt8] {
        while true {
            let failure: EtcdClientError
            do throws(EtcdClientError) {
                return try await attempt(&attempts, message, observation)
            } catch {
                failure = error
            }
            try await attempts.prepareRepetition(
                after: failure, refreshesToken: tokens?.isRenewable ?? false)
            observation.repeated(after: failure)
        }
    }

    private func attempt(
        _ attempts: inout CallAttempts, _ message: [UInt8], _ observation: CallObservation
    ) async throws(EtcdClientError) -> [UInt8] {
        attempts.slot = nil
        let token = try await token(attempts.method, until: attempts.deadline)
        attempts.hasToken = token != nil
        attempts.hasAlternatives = pool.hasAlternatives
        let lease = try await pool.connection(
            avoiding: attempts.avoided, until: attempts.deadline.end)
        // Of a call that is sent nobody knows whether it was executed.
        try attempts.deadline.check()
        attempts.slot = lease.slot
        var metadata = self.metadata(attempts.method, token)
        observation.addMetadata(to: &metadata)
        let started = GRPCClientConnection.now()
        let timeout = attempts.timeout(hasAlternatives: pool.hasAlternatives)
        do throws(GRPCCallFailure) {
            let response = try await lease.connection.response(
                path: attempts.method.path, message: message,
                metadata: metadata, timeout: timeout)
            pool.served(lease)
            return response
        } catch {
            var failure = EtcdClientError(error)
            // A server that notices first that the time is over may reset the stream.
            let isOver = GRPCClientConnection.now() - started > timeout - .milliseconds(100)
            if failure.reason == .cancelled, isOver, !Task.isCancelled {
                failure = .deadlineExceeded
            }
            throw failed(failure, lease, token, since: started)
        }
    }

    /// Learns from a failed call.
    func failed(
        _ error: EtcdClientError, _ lease: ConnectionPool.Lease, _ token: String?,
        since started: MonotonicTime
    ) -> EtcdClientError {
        switch error.reason {
        case .deadlineExceeded: pool.avoid(lease, after: error, silentSince: started)
        case .noLeader, .serverTimeout, .learner: pool.avoid(lease, after: error)
        case .invalidToken, .tokenOutdated, .userRequired: tokens?.refuse(token)
        // Calls on a connection that `run()` has closed.
        case .unavailable where pool.isClosed: return .clientClosed
        default: break
        }
        return error
    }
}

extension ClusterCalls {
    /// A stream is lost, and what it carried goes on with another one.
    func resumed(_ method: Method, after error: EtcdClientError) {
        metrics?.recordRepetition(method)
        logger?.debug(
            "opens a stream again",
            metadata: ["etcd.method": "\(method.path)", "etcd.error": "\(error)"])
    }

    /// Makes one attempt that the cancellation of the task does not end, on an open connection: for
    /// what is cleaned up. Errors are ignored, since the end of the lease cleans up as well.
    func complete(_ method: Method, _ message: [UInt8], timeout: Duration) async {
        guard let lease = pool.openConnection() else { return }
        _ = try? await lease.connection.unary(
            path: method.path, message: message, metadata: metadata(method, tokens?.current),
            timeout: TimeSpan(timeout)
        ).get()
    }
}

// MARK: - Metadata

extension ClusterCalls {
    func metadata(_ method: Method, _ token: String?) -> [(String, String)] {
        var metadata: [(String, String)] = []
        if method.requiresLeader, configuration.requiresLeader {
            metadata.append(("hasleader", "true"))
        }
        if let token { metadata.append(("token", token)) }
        return metadata
    }

    /// Gets the token that calls need.
    func authenticate() async throws(EtcdClientError) {
        _ = try await token(.range, until: CallDeadline(after: configuration.timeout))
    }

    func token(
        _ method: Method, until deadline: CallDeadline
    ) async throws(EtcdClientError) -> String? {
        guard let tokens, method.path != Method.authenticate.path else { return nil }
        return try await tokens.token { (name, password) async throws(EtcdClientError) in
            var request = Etcdserverpb_AuthenticateRequest()
            request.name = name
            request.password = password
            let response: Etcdserverpb_AuthenticateResponse = try await self.unary(
                .authenticate, request, timeout: Duration(deadline.remaining))
            return response.token
        }
    }
}

extension EtcdClientError {
    /// The server refused the token, or needs one.
    var isOfToken: Bool {
        switch reason {
        case .invalidToken, .tokenOutdated, .userRequired: true
        default: false
        }
    }
}
