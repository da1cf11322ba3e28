internal import GoText
package import NIOCore
internal import NIOSSL

/// The TLS of one connection to a server. Used on its event loop.
package final class TLSClientConnection: @unchecked Sendable {
    // Sendable so that a future can hand it to the event loop on which all of it is used; NIO
    // checks that for the handler.
    private let tlsHandler: NIOSSLClientHandler
    private let verification = HandshakeVerification()

    /// - Parameter trust: nil: the certificate of the server is not verified.
    init(
        _ material: TLSMaterial, trust: TrustStore?, host: String, allowed: AllowedNames
    ) throws(TLSConfigurationError) {
        // The handler holds the callback, so that must not hold this object.
        let callback: NIOSSLCustomVerificationCallback = { [verification] presented, promise in
            verification.verify(presented, trust, host: host, allowed: allowed, promise)
        }
        do {
            tlsHandler = try NIOSSLClientHandler(
                context: material.context, serverHostname: Self.serverName(host),
                customVerificationCallback: callback,
                configuration: ContextFactory.handlerConfiguration)
        } catch {
            throw TLSConfigurationError("tls: invalid server name \(host.goQuoted)")
        }
    }

    /// To be added to the channel's pipeline in front of everything that reads plaintext.
    package var handler: any ChannelHandler { tlsHandler }

    /// Go's text of a failed handshake: `remote error: tls: bad certificate`, `EOF`,
    /// `tls: failed to verify certificate: x509: certificate signed by unknown authority`.
    /// - Parameter channel: its addresses are part of the text of errors of the socket.
    package func text(of error: any Error, channel: (any Channel)? = nil) -> String {
        verification.failure
            ?? HandshakeErrorText(
                side: .client, hello: nil, receivedBytes: false, channel: channel
            ).text(of: error)
    }

    /// What is sent as the name of the server: no address, and no dot at the end.
    private static func serverName(_ host: String) -> String? {
        let withoutZone = host.split(separator: "%").first.map(String.init) ?? host
        guard HostName.address(host) == nil, HostName.address(withoutZone) == nil else {
            return nil
        }
        var name = host[...]
        while name.hasSuffix(".") { name = name.dropLast() }
        // BoringSSL takes no others.
        guard (1...255).contains(name.utf8.count), !name.utf8.contains(0) else { return nil }
        return String(name)
    }
}
