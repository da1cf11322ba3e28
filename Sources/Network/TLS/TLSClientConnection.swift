package import NIOCore
internal import NIOSSL

/// The TLS of one connection to a server. Used on its event loop.
package final class TLSClientConnection: @unchecked Sendable {
    private let tlsHandler: NIOSSLClientHandler

    init(handler: NIOSSLClientHandler) {
        tlsHandler = handler
    }

    /// To be added to the channel's pipeline in front of everything that reads plaintext.
    package var handler: any ChannelHandler { tlsHandler }

    /// Go's text of a failed handshake: `remote error: tls: bad certificate`, `EOF`,
    /// `tls: failed to verify certificate: x509: certificate signed by unknown authority`.
    /// - Parameter channel: its addresses are part of the text of errors of the socket.
    package func text(of error: any Error, channel: (any Channel)? = nil) -> String {
        "not implemented"
    }
}
