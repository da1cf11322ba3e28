/// Where a member is reached: `http://10.0.0.1:2380`, `unix:///run/peer.sock`.
struct PeerURL: Hashable, Sendable {
    enum Scheme: String, Sendable {
        case http, https, unix, unixs
    }

    let scheme: Scheme
    /// Name or address without brackets; empty for the schemes of socket files.
    let host: String
    let port: Int
    /// File of the socket, authority and path together; empty for the others.
    let socketPath: String
    /// What a request's Host header says.
    let authority: String
    let text: String

    var isEncrypted: Bool { scheme == .https || scheme == .unixs }
    var isSocketFile: Bool { scheme == .unix || scheme == .unixs }

    /// Reads a URL; what follows its address is of no meaning, requests bring their own path.
    init(_ text: String) throws(PeerConnectionError) {
        guard let mark = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased())
        else { throw .malformedURL(text) }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        self.scheme = scheme
        self.text = text
        self.authority = authority.isEmpty ? "localhost" : String(authority)
        if scheme == .unix || scheme == .unixs {
            socketPath = String(rest.prefix { !"?#".contains($0) })
            (host, port) = ("", 0)
            guard !socketPath.isEmpty else { throw .malformedURL(text) }
            return
        }
        socketPath = ""
        let colon = authority.lastIndex(of: ":") ?? authority.endIndex
        let isAddress = authority.hasPrefix("[")
        var name = authority[..<colon]
        if isAddress {
            guard name.hasSuffix("]"), name.count > 2 else { throw .malformedURL(text) }
            name = name.dropFirst().dropLast()
        }
        let number = authority[colon...].dropFirst()
        guard !name.isEmpty, isAddress || !name.contains(":"), colon < authority.endIndex,
            let port = UInt16(number), port > 0, !authority.contains("@")
        else { throw .malformedURL(text) }
        host = String(name)
        self.port = Int(port)
    }

    /// Those of the URLs that can be read.
    static func readable(_ texts: [String]) -> [PeerURL] {
        texts.compactMap { text in
            do throws(PeerConnectionError) {
                return try PeerURL(text)
            } catch {
                return nil
            }
        }
    }
}

/// Which of a member's URLs is used: one until it fails, then the next. Owned by the member's
/// event loop.
struct PeerURLChoice {
    private var urls: [PeerURL]
    private var chosen = 0

    init(_ urls: [PeerURL]) { self.urls = urls }

    /// nil if no URL can be read.
    var current: PeerURL? { urls.isEmpty ? nil : urls[chosen] }

    /// Goes on to the next one, unless another failure has done so.
    mutating func failed(_ url: PeerURL) {
        guard let current, current == url else { return }
        chosen = (chosen + 1) % urls.count
    }
}
