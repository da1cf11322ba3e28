internal import GRPC
internal import MonotonicClock

extension ClusterCalls {
    /// An open stream.
    struct Stream: Sendable {
        let stream: GRPCClientStream
        let lease: ConnectionPool.Lease
        let token: String?
        let started: MonotonicTime
    }

    /// Opens a stream on a connection.
    ///
    /// - Parameter timeout: for the wait for a connection; the stream has no deadline.
    func stream(
        _ method: Method, avoiding avoided: Int? = nil, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Stream {
        let deadline = CallDeadline(after: timeout ?? configuration.timeout)
        let token = try await token(method, until: deadline)
        let lease = try await pool.connection(avoiding: avoided, until: deadline.end)
        let stream = lease.connection.openStream(
            path: method.path, metadata: metadata(method, token))
        return Stream(
            stream: stream, lease: lease, token: token, started: GRPCClientConnection.now())
    }

    /// Learns from the error of a stream that ended.
    func failed(_ error: EtcdClientError, _ stream: Stream) -> EtcdClientError {
        failed(error, stream.lease, stream.token, since: stream.started)
    }

    /// Whether another token may help after this error.
    func mayRenewToken(after error: EtcdClientError) -> Bool {
        error.isOfToken && tokens?.isRenewable ?? false
    }
}
