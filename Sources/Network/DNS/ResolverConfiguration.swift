import Glibc
package import MonotonicClock

/// Name servers and options of resolv.conf(5).
package struct ResolverConfiguration: Equatable, Sendable {
    /// A name server's address and port.
    package struct Server: Hashable, Sendable {
        package var address: String
        package var port: UInt16

        package init(address: String, port: UInt16 = 53) {
            self.address = address
            self.port = port
        }
    }

    package static let systemPath = "/etc/resolv.conf"
    private static let serversMax = 3

    /// Queried in this order.
    package var servers: [Server] = []
    /// Domains to append to relative names.
    package var searchDomains: [String] = []
    /// Number of dots from which a name is tried as absolute first (ndots).
    package var dotsMin = 1
    /// Timeout of one response.
    package var timeout = TimeSpan.seconds(5)
    /// Number of queries to each server.
    package var attempts = 2

    package init() {}

    /// Parses the file's text; unknown lines and options are ignored.
    package init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let key = words.first, !key.hasPrefix("#"), !key.hasPrefix(";") else { continue }
            switch key {
            case "nameserver":
                if words.count > 1, servers.count < Self.serversMax {
                    servers.append(Server(address: words[1]))
                }
            case "domain": searchDomains = words.dropFirst().prefix(1).map(Self.absolute)
            case "search": searchDomains = words.dropFirst().map(Self.absolute)
            case "options": for word in words.dropFirst() { take(option: word) }
            default: continue
            }
        }
        if servers.isEmpty { servers = [Server(address: "127.0.0.1"), Server(address: "::1")] }
    }

    /// The system's configuration; the defaults if there is no file.
    package static var system: ResolverConfiguration {
        guard let file = fopen(systemPath, "r") else { return ResolverConfiguration("") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        return ResolverConfiguration(String(decoding: bytes[..<count], as: UTF8.self))
    }

    private static func absolute(_ domain: String) -> String {
        domain.hasSuffix(".") ? domain : domain + "."
    }

    private mutating func take(option: String) {
        let parts = option.split(separator: ":")
        guard parts.count == 2, let value = Int(parts[1]) else { return }
        switch parts[0] {
        case "ndots": dotsMin = min(max(value, 0), 15)
        case "timeout": timeout = .seconds(Int64(min(max(value, 1), 30)))
        case "attempts": attempts = min(max(value, 1), 5)
        default: return
        }
    }

    /// The absolute names for a name, in the order to try them.
    package func candidates(for name: String) -> [String] {
        if name.hasSuffix(".") { return [name] }
        let plain = name + "."
        let qualified = searchDomains.map { $0 == "." ? plain : plain + $0 }
        let hasDots = name.count(where: { $0 == "." }) >= dotsMin
        return hasDots ? [plain] + qualified : qualified + [plain]
    }
}
