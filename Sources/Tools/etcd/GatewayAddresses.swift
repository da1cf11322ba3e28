import GoText
import TCPProxy

/// Why the proxy does not start: etcd's text, on the stream where etcd writes it.
struct StartRefusal: Error, Hashable {
    let text: String
    let descriptor: Int32

    static func onStandardOutput(_ text: String) -> StartRefusal {
        StartRefusal(text: text, descriptor: 1)
    }

    static func onStandardError(_ line: String) -> StartRefusal {
        StartRefusal(text: line + "\n", descriptor: 2)
    }
}

/// The checks of the addresses that `etcd gateway start` is given, with etcd's texts.
enum GatewayAddresses {
    /// - Parameter texts: `host:port`, or URLs, of which host and port count. As in etcd a port
    ///   counts up to its first character that is no digit.
    static func endpoints(_ texts: [String]) throws(StartRefusal) -> [ProxyEndpoint] {
        var endpoints: [ProxyEndpoint] = []
        for text in texts {
            let address = withoutScheme(text)
            guard let (host, port) = ProxyEndpoint.split(address) else {
                throw .onStandardOutput("error parsing endpoint \(address.goQuoted)")
            }
            let digits = port.prefix { $0.isASCII && $0.isNumber }
            endpoints.append(ProxyEndpoint(host: host, port: UInt16(digits) ?? 0))
        }
        return endpoints
    }

    private static func withoutScheme(_ text: String) -> String {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return text }
        let authority = parts[1].prefix { !"/?#".contains($0) }
        return authority.isEmpty ? text : String(authority)
    }

    /// Checks that the hosts resolve, and that no endpoint is the address that the proxy listens on.
    ///
    /// - Returns: an IP address to listen on, and the port.
    static func check(
        listenAddress: String, endpoints: [ProxyEndpoint]
    ) throws(StartRefusal) -> (host: String, port: String) {
        guard let (host, port) = ProxyEndpoint.split(listenAddress) else {
            throw .onStandardOutput("failed to validate listen address: \(listenAddress)\n")
        }
        let addresses = HostAddresses.of(host)
        guard let first = addresses.first else {
            throw .onStandardOutput("failed to resolve listen host: \(host)\n")
        }
        for endpoint in endpoints {
            let targets = HostAddresses.of(endpoint.host)
            if targets.isEmpty {
                throw .onStandardOutput("failed to resolve endpoint host: \(endpoint.host)\n")
            }
            guard String(endpoint.port) == port else { continue }
            if let same = targets.first(where: addresses.contains) {
                throw .onStandardOutput(
                    "SRV or endpoint (\(endpoint.host):\(endpoint.port)->\(same):\(endpoint.port)) "
                        + "should not resolve to the gateway listen addr (\(listenAddress))\n")
            }
        }
        if endpoints.isEmpty { throw .onStandardOutput("no endpoints found\n") }
        return (first, port)
    }
}
