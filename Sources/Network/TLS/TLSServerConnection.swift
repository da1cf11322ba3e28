package import ConnectionIdentity
package import NIOCore
internal import NIOSSL

/// The TLS of one accepted connection. Used on its event loop.
package final class TLSServerConnection: @unchecked Sendable {
    private let tlsHandler: NIOSSLServerHandler

    init(handler: NIOSSLServerHandler) {
        tlsHandler = handler
    }

    /// To be added to the channel's pipeline in front of everything that reads plaintext.
    package var handler: any ChannelHandler { tlsHandler }

    /// Called after `TLSUserEvent.handshakeCompleted`: revocation list, resumed sessions.
    /// - Returns: the certificate of the client, nil if none was asked for.
    package func finish(_ channel: any Channel) -> Result<CertificateIdentity?, TLSRefusal> {
        .failure(TLSRefusal("not implemented"))
    }

    /// What to log about a connection whose handshake failed with `error`.
    /// - Parameter hello: the first message of the client, if it was complete.
    /// - Parameter receivedBytes: whether anything was received at all.
    /// - Parameter channel: its addresses are part of the text of errors of the socket.
    package func refusal(
        _ error: any Error, hello: ClientHello?, receivedBytes: Bool = false,
        channel: (any Channel)? = nil
    ) -> TLSRefusal {
        TLSRefusal("not implemented")
    }
}
