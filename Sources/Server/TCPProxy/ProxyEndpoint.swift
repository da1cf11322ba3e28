/// An address that the proxy connects to, with the order of use of its SRV record.
package struct ProxyEndpoint: Sendable, Hashable {
    /// Name or IP address, without brackets.
    package var host: String
    package var port: UInt16
    /// Lower values are used first.
    package var priority: UInt16
    /// Share of the connections among endpoints of equal priority; 0: one after the other.
    package var weight: UInt16

    package init(host: String, port: UInt16, priority: UInt16 = 0, weight: UInt16 = 0) {
        self.host = host
        self.port = port
        self.priority = priority
        self.weight = weight
    }

    /// `host:port`, with brackets around an IPv6 address.
    package var address: String { Self.address(host: host, port: port) }

    package static func address(host: String, port: UInt16) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Host and port of `host:port` or `[host]:port`; nil for any other text. The port may be any
    /// text, as for Go's net.SplitHostPort.
    package static func split(_ address: String) -> (host: String, port: String)? {
        guard let colon = address.lastIndex(of: ":") else { return nil }
        let port = address[address.index(after: colon)...]
        var host = address[..<colon]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.contains(where: { "[]".contains($0) }), !port.contains("]") else { return nil }
        return (String(host), String(port))
    }
}
