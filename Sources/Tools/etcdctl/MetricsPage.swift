import Glibc
import NIOPosix

/// The metrics of a member, by a single request without TLS.
enum MetricsPage {
    static func read(_ endpoint: String) async throws -> String {
        var address = endpoint[...]
        if address.hasPrefix("http://") { address = address.dropFirst("http://".count) }
        guard let colon = address.lastIndex(of: ":"), !endpoint.hasPrefix("https://") else {
            throw ToolFailure.operation("fetch error: \(endpoint) is no http endpoint")
        }
        let (host, port) = (
            String(address[..<colon]), String(address[address.index(after: colon)...])
        )
        return try await NIOThreadPool.singleton.runIfActive { try request(host, port) }
    }

    private static func request(_ host: String, _ port: String) throws(ToolFailure) -> String {
        let descriptor = try connect(host, port)
        defer { close(descriptor) }
        let request = Array("GET /metrics HTTP/1.0\r\nHost: \(host):\(port)\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { throw .operation("fetch error: \(host):\(port)") }
        var page: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: page, as: UTF8.self) }
            page += chunk[..<count]
        }
    }

    private static func connect(_ host: String, _ port: String) throws(ToolFailure) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &found) == 0 else {
            throw .operation("fetch error: lookup \(host): no such host")
        }
        defer { freeaddrinfo(found) }
        var next = found
        while let address = next?.pointee {
            let descriptor = socket(
                address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 {
                return descriptor
            }
            close(descriptor)
            next = address.ai_next
        }
        throw .operation("fetch error: dial tcp \(host):\(port): connection refused")
    }
}
