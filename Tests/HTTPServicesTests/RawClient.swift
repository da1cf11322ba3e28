import Glibc

/// A blocking HTTP/1.1 client for raw requests.
final class RawClient {
    struct Response {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var body = ""

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    struct Failure: Error { let reason: String }

    private let descriptor: Int32
    /// Keeps the server alive as long as the client.
    private let server: AnyObject
    private var received: [UInt8] = []

    init(port: Int, server: AnyObject) throws {
        self.server = server
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard status == 0 else { throw Failure(reason: "connect: errno \(errno)") }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(truncatingIfNeeded: MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(reason: "send: errno \(errno)") }
            sent += count
        }
    }

    func request(_ method: String, _ target: String, headers: String = "") throws -> Response {
        try send("\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:2379\r\n\(headers)\r\n")
        return try receive(hasBody: method != "HEAD")
    }

    /// Reads one response by its Content-Length.
    func receive(hasBody: Bool = true) throws -> Response {
        let end = Array("\r\n\r\n".utf8)
        var headEnd = Self.find(end, in: received)
        while headEnd == nil {
            guard try readMore() else { throw Failure(reason: "the connection ended") }
            headEnd = Self.find(end, in: received)
        }
        let head = String(decoding: received[..<(headEnd ?? 0)], as: UTF8.self)
        received.removeFirst((headEnd ?? 0) + 4)
        var response = Response()
        let lines = head.split(separator: "\r\n")
        response.status = Int(lines[0].split(separator: " ")[1]) ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            response.headers.append((String(parts[0]), String(parts[1].dropFirst())))
        }
        let length = hasBody ? response.header("Content-Length").flatMap { Int($0) } ?? 0 : 0
        while received.count < length {
            guard try readMore() else { throw Failure(reason: "the connection ended") }
        }
        response.body = String(decoding: received[..<length], as: UTF8.self)
        received.removeFirst(length)
        return response
    }

    /// Reads the head of a response whose body is sent in chunks, and the first `count` of them.
    func receiveChunks(_ count: Int) throws -> (Response, [String]) {
        let response = try receive(hasBody: false)
        return (response, try (0..<count).map { _ in try receiveChunk() })
    }

    /// Reads one chunk; empty at the end of the body.
    func receiveChunk() throws -> String {
        let end = Array("\r\n".utf8)
        while Self.find(end, in: received) == nil {
            guard try readMore() else { throw Failure(reason: "the connection ended") }
        }
        let sizeEnd = Self.find(end, in: received) ?? 0
        let size = Int(String(decoding: received[..<sizeEnd], as: UTF8.self), radix: 16) ?? 0
        let total = sizeEnd + 2 + size + 2
        while received.count < total {
            guard try readMore() else { throw Failure(reason: "the connection ended") }
        }
        let chunk = String(decoding: received[(sizeEnd + 2)..<(total - 2)], as: UTF8.self)
        received.removeFirst(total)
        return chunk
    }

    /// Whether the server has closed the connection and all its bytes were read.
    func isAtEnd() throws -> Bool { try received.isEmpty && !readMore() }

    private func readMore() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == ECONNRESET { return false }
        guard count >= 0 else { throw Failure(reason: "recv: errno \(errno)") }
        received += chunk[..<count]
        return count > 0
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first {
            bytes[$0..<($0 + pattern.count)].elementsEqual(pattern)
        }
    }
}
