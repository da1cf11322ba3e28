import Glibc

/// Where name servers are and how to ask them: what resolv.conf(5) says.
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

    /// Asked in this order.
    package var servers: [Server] = []
    /// Endings to try with names that are not complete.
    package var searchDomains: [String] = []
    /// Dots that make a name worth trying without an ending first.
    package var dotsMin = 1
    /// Wait for one answer.
    package var timeoutSeconds = 5
    /// Times that each server is asked.
    package var attempts = 2

    package init() {}

    /// Reads the file's text; what is not understood is passed over, as resolvers do.
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

    /// What the system is set to; the defaults when there is no such file.
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
        case "timeout": timeoutSeconds = min(max(value, 1), 30)
        case "attempts": attempts = min(max(value, 1), 5)
        default: return
        }
    }

    /// The complete names that a name may stand for, in the order to try them.
    package func candidates(for name: String) -> [String] {
        if name.hasSuffix(".") { return [name] }
        let plain = name + "."
        let ended = searchDomains.map { $0 == "." ? plain : plain + $0 }
        let hasDots = name.count(where: { $0 == "." }) >= dotsMin
        return hasDots ? [plain] + ended : ended + [plain]
    }
}
