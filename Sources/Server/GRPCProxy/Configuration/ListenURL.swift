import GoText
import Listening

/// Where a proxy listens: `host:port`, or a URL for metrics.
struct ListenURL {
    let host: String
    let port: Int
    var isEncrypted = false

    /// - Throws: Go's text for an address without a port.
    init(address: String) throws(ProxyStartError) {
        guard let colon = address.lastIndex(of: ":") else {
            throw ProxyStartError("listen tcp: address \(address): missing port in address")
        }
        let digits = address[address.index(after: colon)...]
        guard let port = UInt16(digits.isEmpty ? "0" : digits) else {
            throw ProxyStartError("listen tcp: address \(digits): invalid port")
        }
        var host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        self.host = String(host)
        self.port = Int(port)
    }

    /// - Throws: etcd's text for a URL without a scheme.
    init(url: String) throws(ProxyStartError) {
        guard let separator = url.firstRange(of: "://") else {
            throw ProxyStartError("cannot parse \(url.goQuoted)")
        }
        try self.init(address: String(url[separator.upperBound...].prefix { $0 != "/" }))
        isEncrypted = url[..<separator.lowerBound].lowercased() == "https"
    }

    /// No host: all addresses.
    var listeningAddress: ListeningAddress {
        .tcp(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }

    var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
