import GoText

/// One URL of a listen or advertise flag: `http://127.0.0.1:2379`, `unix:///run/etcd.sock`.
package struct EndpointURL: Sendable, Hashable, Comparable {
    package enum Scheme: String, Sendable {
        case http, https, unix, unixs

        package var isSecure: Bool { self == .https || self == .unixs }
        package var isUnixSocket: Bool { self == .unix || self == .unixs }
    }

    package let scheme: Scheme
    /// Host name or address without port and brackets; empty for a socket file without authority.
    package let host: String
    /// Port to bind or to reach; 0 lets the system choose when listening.
    package let port: UInt16
    /// The URL as given, with its scheme in lower case.
    package let text: String
    /// Path of the socket file for unix schemes: authority and path together, so that
    /// `unix://localhost:20000` is the file `localhost:20000` of the working directory.
    package let socketPath: String

    package static func < (left: EndpointURL, right: EndpointURL) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// `host:port` as a dialer or a log line writes it, with brackets around an IPv6 address.
    package var authority: String { authority(of: host) }

    /// The same for another host, such as the address of the name.
    package func authority(of host: String) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Parses one URL. Error texts are etcd's where it has them.
    ///
    /// - Parameter allowsAnyPort: accepts port numbers out of range, as etcd does for the URLs of
    ///   members; `port` is then 0.
    package init(_ given: String, allowsAnyPort: Bool = false) throws(FlagValueError) {
        let trimmed = Self.trimmed(given)
        let (schemeText, rest) = try Self.splitScheme(trimmed)
        guard let scheme = Scheme(rawValue: schemeText) else {
            throw FlagValueError("URL scheme must be http, https, unix, or unixs: \(trimmed)")
        }
        let hasAuthority = rest.hasPrefix("//")
        let body = hasAuthority ? rest.dropFirst(2) : rest
        let authority = hasAuthority ? body.prefix { !"/?#".contains($0) } : ""
        let path = body.dropFirst(authority.count).prefix { $0 != "?" && $0 != "#" }
        try Self.checkHostCharacters(authority, in: trimmed)
        self.scheme = scheme
        text = schemeText + trimmed.dropFirst(schemeText.count)
        socketPath = scheme.isUnixSocket ? String(authority) + path : ""
        if scheme.isUnixSocket {
            host = String(authority)
            port = 0
            return
        }
        (host, port) = try Self.splitHostPort(authority, in: trimmed, allowsAnyPort)
        guard path.isEmpty else {
            throw FlagValueError("URL must not contain a path: \(trimmed)")
        }
    }

    private static func trimmed(_ text: String) -> String {
        let inner = text.drop(while: \.isWhitespace)
        return String(inner.reversed().drop(while: \.isWhitespace).reversed())
    }

    private static func splitScheme(
        _ text: String
    ) throws(FlagValueError) -> (String, Substring) {
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            let reason = "net/url: invalid control character in URL"
            throw FlagValueError("parse \(text.goQuoted): \(reason)")
        }
        guard let colon = text.firstIndex(of: ":") else { return ("", Substring(text)) }
        let scheme = text[..<colon]
        if scheme.isEmpty {
            throw FlagValueError("parse \(text.goQuoted): missing protocol scheme")
        }
        guard let first = scheme.first, first.isASCII, first.isLetter,
            scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
        else {
            let reason = "first path segment in URL cannot contain colon"
            throw FlagValueError("parse \(text.goQuoted): \(reason)")
        }
        return (scheme.lowercased(), text[text.index(after: colon)...])
    }

    private static func checkHostCharacters(
        _ authority: Substring, in text: String
    ) throws(FlagValueError) {
        for character in authority where character == " " || "<>\"^`{|}\\".contains(character) {
            let shown = String(character).goQuoted
            throw FlagValueError("parse \(text.goQuoted): invalid character \(shown) in host name")
        }
    }

    private static func splitHostPort(
        _ authority: Substring, in text: String, _ allowsAnyPort: Bool
    ) throws(FlagValueError) -> (String, UInt16) {
        let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let noForm = FlagValueError("URL address does not have the form \"host:port\": \(text)")
        guard let colon = address.lastIndex(of: ":") else { throw noForm }
        var host = address[..<colon]
        let portText = address[address.index(after: colon)...]
        if host.first == "[" {
            guard host.last == "]", host.count > 2 else { throw noForm }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") || address.last == "]" {
            throw noForm
        }
        guard portText.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            let reason = "invalid port \(":\(portText)".goQuoted) after host"
            throw FlagValueError("parse \(text.goQuoted): \(reason)")
        }
        if portText.isEmpty { return (String(host), 0) }
        guard let port = UInt16(portText) else {
            if allowsAnyPort { return (String(host), 0) }
            throw FlagValueError("port \(portText) is not in 0...65535: \(text)")
        }
        return (String(host), port)
    }
}
