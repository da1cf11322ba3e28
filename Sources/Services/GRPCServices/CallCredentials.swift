internal import Auth
internal import ConnectionIdentity
internal import GRPC

/// What a call brings to show who makes it.
///
/// The identity behind it is looked up for each request, not once for a stream: a token may expire
/// meanwhile. A call that another service of this process makes for somebody gets credentials of its
/// own: for the JSON gateway those are the forwarded token alone, since its connection says nothing
/// about its client.
package struct CallCredentials: Sendable {
    /// The token as it was sent; nil without one.
    package let token: String?
    /// The common name of the client's certificate if it counts as a user; it may be empty.
    package let commonName: String?

    /// - Parameters:
    ///   - token: a bad token is refused even with a certificate.
    ///   - commonName: nil unless the client itself has shown the certificate.
    package init(token: String?, commonName: String?) {
        self.token = token
        self.commonName = commonName
    }

    private static let prefix = "Bearer ".utf8

    /// The token without the prefix of HTTP's authorization.
    var bareToken: String? {
        guard let token, token.utf8.starts(with: Self.prefix) else { return token }
        return String(Substring(token.utf8.dropFirst(Self.prefix.count)))
    }
}

extension CallCredentials {
    /// The credentials of a call over the network: the token of etcd's clients, else that of HTTP's
    /// authorization.
    ///
    /// - Parameter usesCommonName: whether users may be named by their certificates.
    init(_ call: GRPCServerCall, usesCommonName: Bool) {
        token = call.metadata.first("token") ?? call.metadata.first("authorization")
        // A gateway that forwards a call shows its own certificate.
        let isShown =
            usesCommonName && token == nil && call.metadata.first("grpcgateway-accept") == nil
        commonName = isShown ? call.identity.certificate?.commonName : nil
    }
}
