package import GRPC
package import MonotonicClock
package import NIOCore
internal import StatusCodes

/// A connection of a client for calls with the messages and the metadata of somebody else: what a
/// proxy passes on.
package struct RelayConnection: Sendable {
    let lease: ConnectionPool.Lease

    package var connection: GRPCClientConnection { lease.connection }
    /// The endpoint's slot, to be avoided by the repetition of a call.
    package var slot: Int { lease.slot }
}

extension EtcdClient {
    /// A connection that is open.
    package func openRelayConnection(avoiding slot: Int? = nil) -> RelayConnection? {
        cluster.pool.openConnection(avoiding: slot).map(RelayConnection.init)
    }

    /// Waits for a connection. Fails with the error of the dial when the last endpoint that could be
    /// reached turns out not to be, if `failsWithoutConnection` is set.
    package func relayConnection(
        avoiding slot: Int? = nil, until deadline: NIODeadline
    ) async throws(EtcdClientError) -> RelayConnection {
        RelayConnection(lease: try await cluster.pool.connection(avoiding: slot, until: deadline))
    }

    /// Why no endpoint can be reached, when the last dial of each has failed. Endpoints whose pause
    /// is over are dialed, and are then not known to be unreachable.
    package var unreachability: GRPCStatus? {
        cluster.pool.unreachability.map(GRPCStatus.init)
    }

    /// A call on the connection has failed: others avoid an endpoint that does not serve.
    package func relayFailed(
        _ status: GRPCStatus, on connection: RelayConnection, since started: MonotonicTime
    ) {
        _ = cluster.failed(EtcdClientError(status), connection.lease, nil, since: started)
    }

    /// A call on the connection was served.
    package func relayServed(_ connection: RelayConnection) {
        cluster.pool.served(connection.lease)
    }
}

extension GRPCStatus {
    /// The status that a proxy passes on for an error of its client.
    package init(_ error: EtcdClientError) {
        self.init(StatusCode(rawValue: error.code.rawValue) ?? .unknown, error.message)
    }
}
