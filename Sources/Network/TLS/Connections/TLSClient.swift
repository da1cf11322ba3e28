package import NIOCore

/// The client side of TLS: for peers, discovery, and our own clients. Files are read at init and
/// again when changed, never on an event loop.
package final class TLSClient: Sendable {
    private let files: EndpointFiles
    private let allowed: AllowedNames
    private let skipsVerification: Bool

    /// - Parameter observe: called on any thread.
    /// - Throws: etcd's text for files that are missing or broken.
    package init(
        _ configuration: TLSEndpointConfiguration, applicationProtocols: [String],
        observe: @escaping @Sendable (TLSEvent) -> Void = { _ in }
    ) throws(TLSConfigurationError) {
        files = try EndpointFiles(
            client: configuration, applicationProtocols: applicationProtocols, observe: observe)
        allowed = try AllowedNames(configuration)
        skipsVerification = configuration.skipsServerVerification
    }

    /// The TLS of one connection, after a check of the files if the last one is a while ago. Fails
    /// with `TLSConfigurationError` only.
    /// - Parameter host: the host of the URL, a name or an IP address: sent to the server if it is
    ///   a name, and verified against the certificate.
    package func connection(
        to host: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<TLSClientConnection> {
        if let material = files.fresh {
            return eventLoop.makeCompletedFuture {
                try self.connection(to: host, material)
            }
        }
        return files.checked(on: eventLoop).flatMapThrowing { material in
            try self.connection(to: host, material)
        }
    }

    /// The TLS of one connection without waiting, for channel initializers: with the files that are
    /// in use. A check of the files is started in the background.
    package func connection(to host: String) throws -> TLSClientConnection {
        files.checkInBackground()
        return try connection(to: host, files.current)
    }

    private func connection(
        to host: String, _ material: TLSMaterial
    ) throws -> TLSClientConnection {
        guard skipsVerification || !host.isEmpty else {
            throw TLSConfigurationError(
                "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config")
        }
        return try TLSClientConnection(
            material, trust: skipsVerification ? nil : material.trust, host: host,
            allowed: allowed)
    }
}
