package import NIOCore
package import TLS

/// How connections to other members are opened.
package struct PeerDialing: Sendable {
    /// TLS of connections to https URLs, which fail without it.
    package var tls: TLSClient?
    /// The local address of TCP connections, with port 0; nil leaves the choice to the system.
    package var localAddress: SocketAddress?

    package init(tls: TLSClient? = nil, localAddress: SocketAddress? = nil) {
        self.tls = tls
        self.localAddress = localAddress
    }
}
