package import NIOCore

/// The server side of TLS for one kind of listener. Reads the files at init, and again when they
/// have changed, never on an event loop.
package final class TLSServer: Sendable {
    private let files: EndpointFiles
    private let allowed: AllowedNames

    /// - Parameter observe: called on any thread.
    /// - Throws: etcd's text for files that are missing or broken.
    package init(
        _ configuration: TLSEndpointConfiguration, applicationProtocols: [String] = ["h2"],
        observe: @escaping @Sendable (TLSEvent) -> Void = { _ in }
    ) throws(TLSConfigurationError) {
        files = try EndpointFiles(
            server: configuration, applicationProtocols: applicationProtocols, observe: observe)
        allowed = try AllowedNames(configuration)
    }

    /// The TLS of one accepted connection; completes at once when the files were checked a moment
    /// ago, otherwise after a check on the thread pool. Fails with `TLSRefusal` only.
    package func connection(on eventLoop: any EventLoop) -> EventLoopFuture<TLSServerConnection> {
        if let material = files.fresh {
            return eventLoop.makeSucceededFuture(
                TLSServerConnection(material, allowed: allowed))
        }
        return files.checked(on: eventLoop).map { [allowed] in
            TLSServerConnection($0, allowed: allowed)
        }
    }
}
