package import NIOCore

extension SocketAddress {
    /// `10.0.0.1:2379`, `[::1]:2379`, as Go writes addresses; nil for a unix socket.
    package var hostAndPort: String? {
        guard let host = ipAddress, let port else { return nil }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
