package import NIOCore

/// The server side of TLS for one kind of listener. Reads the files at init, and again when they
/// have changed, never on an event loop.
package final class TLSServer: Sendable {
    package init(
        _ configuration: TLSEndpointConfiguration, applicationProtocols: [String] = ["h2"],
        observe: @escaping @Sendable (TLSEvent) -> Void = { _ in }
    ) throws(TLSConfigurationError) {
        throw TLSConfigurationError("not implemented")
    }

    /// The TLS of one accepted connection; completes at once when the files were checked a moment
    /// ago, otherwise after a check on the thread pool. Fails with `TLSRefusal` only.
    package func connection(on eventLoop: any EventLoop) -> EventLoopFuture<TLSServerConnection> {
        eventLoop.makeFailedFuture(TLSRefusal("not implemented"))
    }
}
