package import ConnectionIdentity
package import NIOCore
internal import NIOSSL

/// The TLS of one accepted connection. Used on its event loop.
package final class TLSServerConnection: @unchecked Sendable {
    // Sendable so that a future can hand it to the event loop on which all of it is used; NIO
    // checks that for the handler.
    private let tlsHandler: NIOSSLServerHandler
    private let material: TLSMaterial
    private let allowed: AllowedNames
    private let verification = HandshakeVerification()

    init(_ material: TLSMaterial, allowed: AllowedNames) {
        self.material = material
        self.allowed = allowed
        if let trust = material.trust {
            // The handler holds the callback, so that must not hold this object.
            tlsHandler = NIOSSLServerHandler(
                context: material.context,
                customVerificationCallback: { [verification] presented, promise in
                    verification.verify(presented, trust, host: nil, allowed: allowed, promise)
                },
                configuration: ContextFactory.handlerConfiguration)
        } else {
            tlsHandler = NIOSSLServerHandler(
                context: material.context, configuration: ContextFactory.handlerConfiguration)
        }
    }

    /// To be added to the channel's pipeline in front of everything that reads plaintext.
    package var handler: any ChannelHandler { tlsHandler }

    /// Called after `TLSUserEvent.handshakeCompleted`: revocation list, resumed sessions.
    /// - Returns: the certificate of the client, nil if none was asked for.
    package func finish(_ channel: any Channel) -> Result<CertificateIdentity?, TLSRefusal> {
        channel.eventLoop.preconditionInEventLoop()
        guard let trust = material.trust else { return .success(nil) }
        let chain: VerifiedChain
        switch verifiedChain(trust) {
        case .success(let verified): chain = verified
        case .failure(let refusal): return .failure(refusal)
        }
        if let text = material.revocation?.refusal(of: chain.serialNumbers) {
            return .failure(TLSRefusal(text, certificate: chain.identity))
        }
        return .success(chain.identity)
    }

    /// The chain that this handshake has verified, or an earlier one whose session is resumed.
    private func verifiedChain(_ trust: TrustStore) -> Result<VerifiedChain, TLSRefusal> {
        if let verified = verification.verified { return .success(verified) }
        guard let leaf = try? tlsHandler.peerCertificate?.toDERBytes() else {
            return .failure(TLSRefusal("tls: client didn't provide a certificate"))
        }
        do throws(X509Error) {
            let chain = try trust.resume(leaf: leaf, now: .now)
            guard allowed.permit(chain.leaf) else {
                return .failure(TLSRefusal(AllowedNames.refusal, certificate: chain.identity))
            }
            return .success(chain)
        } catch {
            return .failure(TLSRefusal(error.description))
        }
    }

    /// What to log about a connection whose handshake failed with `error`.
    /// - Parameter hello: the first message of the client, if it was complete.
    /// - Parameter receivedBytes: whether anything was received at all; counts only without `hello`.
    /// - Parameter channel: its addresses are part of the text of errors of the socket.
    package func refusal(
        _ error: any Error, hello: ClientHello?, receivedBytes: Bool = true,
        channel: (any Channel)? = nil
    ) -> TLSRefusal {
        if let refusal = error as? TLSRefusal { return refusal }
        let text =
            verification.failure
            ?? HandshakeErrorText(
                side: .server, hello: hello, receivedBytes: receivedBytes, channel: channel
            ).text(of: error)
        return TLSRefusal(
            text, isEndOfStream: text == HandshakeErrorText.endOfStream,
            certificate: verification.verified?.identity)
    }
}

extension TLSRefusal {
    /// An error of the socket before the handshake has begun.
    package init(_ error: any Error, before handshake: any Channel) {
        let text = HandshakeErrorText(
            side: .server, hello: nil, receivedBytes: true, channel: handshake
        ).text(of: error)
        self.init(text, isEndOfStream: text == HandshakeErrorText.endOfStream)
    }
}
