import NIOHTTP1

extension PeerResponse {
    /// The head as Go's server writes it: the handler's headers sorted, then the server's own.
    func head(for request: HTTPRequestHead, ends: Bool) -> HTTPResponseHead {
        let status = HTTPResponseStatus(statusCode: status)
        var headers = HTTPHeaders()
        for header in self.headers.sorted(by: { $0.name < $1.name }) {
            headers.add(name: header.name, value: header.value)
        }
        headers.add(name: "Date", value: PeerClock.headerDate())
        if status != .noContent {
            headers.add(name: "Content-Length", value: String(body.count))
        }
        if ends {
            headers.add(name: "Connection", value: "close")
        } else if request.version == .http1_0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        let version = request.version == .http1_0 ? HTTPVersion.http1_0 : .http1_1
        return HTTPResponseHead(version: version, status: status, headers: headers)
    }
}

extension PeerRequest {
    /// The path of a request target, which may be an absolute URL when sent by proxies.
    static func path(of target: String) -> String {
        String(origin(target).prefix { $0 != "?" })
    }

    static func query(of target: String) -> String {
        String(origin(target).drop { $0 != "?" }.dropFirst())
    }

    private static func origin(_ target: String) -> Substring {
        for scheme in ["http://", "https://"] where target.hasPrefix(scheme) {
            return target.dropFirst(scheme.count).drop { $0 != "/" && $0 != "?" }
        }
        return target[...]
    }
}
