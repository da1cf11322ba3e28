package import ConnectionIdentity
package import NIOCore
package import TLS

/// The protocol of an accepted connection.
package enum ConnectionProtocol: Sendable, Hashable {
    case http1
    case http2
}

/// What a listener does with the connections that it accepts.
package struct ListenerConfiguration: Sendable {
    /// Adds the handlers of the protocol at the end of the pipeline. Called on the event loop of
    /// the connection.
    package typealias Open =
        @Sendable (any Channel, ConnectionProtocol, ConnectionIdentity) throws -> Void

    /// Whether connections without TLS are served.
    package var servesPlaintext: Bool
    /// Serves connections with TLS; nil: none.
    package var tls: TLSServer?
    /// The protocols that are served; a connection with any other is closed.
    package var protocols: Set<ConnectionProtocol>
    package var open: Open
    /// A further check of a verified certificate against the connection; fails with `TLSRefusal`.
    package var checkCertificate:
        (@Sendable (CertificateIdentity, any Channel) -> EventLoopFuture<Void>)?
    /// Called for each connection whose TLS was refused, on its event loop.
    package var onRefusal: @Sendable (RefusedConnection) -> Void = { _ in }
    /// Whether a plaintext listener closes a connection that begins with TLS without a response.
    package var closesEncryptedSilently = true

    /// Called for each accepted connection, on its event loop.
    package var onAccept: @Sendable (any Channel) -> Void = { _ in }

    package var acceptLimit: AcceptLimit
    package var unfinished: UnfinishedConnections
    /// The first request must begin within this time after the connection was accepted.
    package var setupTimeout = TimeAmount.seconds(10)

    package init(
        servesPlaintext: Bool, tls: TLSServer?, protocols: Set<ConnectionProtocol>,
        acceptLimit: AcceptLimit, unfinished: UnfinishedConnections, open: @escaping Open
    ) {
        self.servesPlaintext = servesPlaintext
        self.tls = tls
        self.protocols = protocols
        self.acceptLimit = acceptLimit
        self.unfinished = unfinished
        self.open = open
    }
}

/// A connection whose TLS was refused.
package struct RefusedConnection: Sendable {
    /// `host:port`; `@` for a unix socket.
    package var remoteAddress: String
    /// The name that the client asked for; empty without one.
    package var serverName: String
    package var refusal: TLSRefusal
}
