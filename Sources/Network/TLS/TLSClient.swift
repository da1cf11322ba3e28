package import NIOCore

/// The client side of TLS: for peers, discovery, and our own clients. Files are read at init and
/// again when changed, never on an event loop.
package final class TLSClient: Sendable {
    package init(
        _ configuration: TLSEndpointConfiguration, applicationProtocols: [String],
        observe: @escaping @Sendable (TLSEvent) -> Void = { _ in }
    ) throws(TLSConfigurationError) {
        throw TLSConfigurationError("not implemented")
    }

    /// The TLS of one connection, after a check of the files if the last one is a while ago.
    /// - Parameter host: the host of the URL, a name or an IP address: sent to the server if it is
    ///   a name, and verified against the certificate.
    package func connection(
        to host: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<TLSClientConnection> {
        eventLoop.makeFailedFuture(TLSConfigurationError("not implemented"))
    }

    /// The TLS of one connection without waiting, for channel initializers: with the files that are
    /// in use. A check of the files is started in the background.
    package func connection(to host: String) throws -> TLSClientConnection {
        throw TLSConfigurationError("not implemented")
    }
}
