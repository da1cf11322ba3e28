package import ConnectionIdentity

/// Why a connection is refused, for etcd's line `rejected connection on client endpoint`.
package struct TLSRefusal: Error, Hashable, CustomStringConvertible {
    /// Go's text: `tls: client didn't provide a certificate`.
    package var text: String
    /// The other side just closed (`EOF`): logged at debug.
    package var isEndOfStream: Bool
    /// The certificate, when the handshake got as far as verifying it.
    package var certificate: CertificateIdentity?

    package init(
        _ text: String, isEndOfStream: Bool = false, certificate: CertificateIdentity? = nil
    ) {
        self.text = text
        self.isEndOfStream = isEndOfStream
        self.certificate = certificate
    }

    package var description: String { text }
}
