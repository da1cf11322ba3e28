package import NIOCore

/// The server side of TLS for one kind of listener. Reads the files at init, and again when they
/// have changed, never on an event loop.
package final class TLSServer: Sendable {
    private let files: EndpointFiles
    private let allowed: AllowedNames
    private let applicationProtocols: [String]

    /// - Parameter observe: called on any thread.
    /// - Throws: etcd's text for files that are missing or broken.
    package init(
        _ configuration: TLSEndpointConfiguration, applicationProtocols: [String] = ["h2"],
        observe: @escaping @Sendable (TLSEvent) -> Void = { _ in }
    ) throws(TLSConfigurationError) {
        self.applicationProtocols = applicationProtocols
        files = try EndpointFiles(
            server: configuration, applicationProtocols: applicationProtocols, observe: observe)
        allowed = try AllowedNames(configuration)
    }

    /// The TLS of one accepted connection; completes at once when the files were checked a moment
    /// ago, otherwise after a check on the thread pool. Fails with `TLSRefusal` only.
    package func connection(on eventLoop: any EventLoop) -> EventLoopFuture<TLSServerConnection> {
        if let material = files.fresh {
            return eventLoop.makeSucceededFuture(connection(material))
        }
        return files.checked(on: eventLoop).map { self.connection($0) }
    }

    private func connection(_ material: TLSMaterial) -> TLSServerConnection {
        TLSServerConnection(
            material, allowed: allowed, applicationProtocols: applicationProtocols)
    }
}
