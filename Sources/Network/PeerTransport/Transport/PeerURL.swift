/// URL of a member: `http://10.0.0.1:2380`, `unix:///run/peer.sock`.
struct PeerURL: Hashable, Sendable {
    enum Scheme: String, Sendable {
        case http, https, unix, unixs
    }

    let scheme: Scheme
    /// Host name or address without brackets; empty for Unix-domain socket schemes.
    let host: String
    let port: Int
    /// Path of the Unix-domain socket, authority and path joined; empty for other schemes.
    let socketPath: String
    /// Value of the Host header of requests.
    let authority: String
    let text: String

    /// Peer listeners do not encrypt on socket files, as in etcd, so that a member that would
    /// encrypt could not reach them.
    var isEncrypted: Bool { scheme == .https }
    var isSocketFile: Bool { scheme == .unix || scheme == .unixs }

    /// Parses a URL; its path is ignored, since requests have their own.
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

    /// The valid URLs among these.
    static func parse(_ texts: [String]) -> [PeerURL] {
        texts.compactMap { text in
            do throws(PeerConnectionError) {
                return try PeerURL(text)
            } catch {
                return nil
            }
        }
    }
}

/// Picks one of a member's URLs: the same until it fails, then the next. Owned by the peer's event
/// loop.
struct PeerURLPicker {
    private var urls: [PeerURL]
    private var picked = 0

    init(_ urls: [PeerURL]) { self.urls = urls }

    /// nil if there is no valid URL.
    var current: PeerURL? { urls.isEmpty ? nil : urls[picked] }

    /// Moves on to the next URL, unless another failure has already done so.
    mutating func unreachable(_ url: PeerURL) {
        guard let current, current == url else { return }
        picked = (picked + 1) % urls.count
    }
}
