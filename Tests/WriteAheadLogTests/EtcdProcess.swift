import Glibc
import TestSupport

/// A real etcd process for a test, found as ETCD_BINARY or on PATH.
final class EtcdProcess {
    private let clientPort: Int
    private let process: ChildProcess

    private static let binary =
        getenv("ETCD_BINARY").map { String(cString: $0) } ?? installedProgram("etcd")
    static var isAvailable: Bool { binary != nil }

    /// Starts a single member on a data directory and waits until it responds.
    init(dataDirectory: String) throws {
        clientPort = try freePort()
        let client = "http://127.0.0.1:\(clientPort)"
        let peer = "http://127.0.0.1:\(try freePort())"
        let arguments = [
            "--name=one", "--data-dir=\(dataDirectory)", "--log-level=warn",
            "--listen-client-urls=\(client)", "--advertise-client-urls=\(client)",
            "--listen-peer-urls=\(peer)", "--initial-advertise-peer-urls=\(peer)",
            "--initial-cluster=one=\(peer)",
        ]
        let log = dataDirectory + ".log"
        process = try ChildProcess(
            Self.binary ?? "etcd", arguments, output: .file(log), asGroup: true)
        for _ in 0..<1200 {
            if (try? get("ready")) != nil { return }
            usleep(50_000)
        }
        kill()
        throw TestSupportError(try "etcd does not respond: " + text(ofFile: log))
    }

    /// Kills it, as a crash would, together with its wrapper process.
    func kill() {
        process.kill()
        usleep(100_000)
    }

    func put(_ key: String, _ value: String) throws {
        _ = try post("put", "{\"key\":\"\(base64(key))\",\"value\":\"\(base64(value))\"}")
    }

    /// Whether the key has that value, by a linearizable read.
    func has(_ key: String, _ value: String) throws -> Bool {
        try get(key).contains("\"value\":\"\(base64(value))\"")
    }

    private func get(_ key: String) throws -> String {
        try post("range", "{\"key\":\"\(base64(key))\"}")
    }

    /// One call of the JSON gateway.
    private func post(_ method: String, _ body: String) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(clientPort).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length)
            }
        }
        if connected != 0 { throw TestSupportError("connection refused") }
        let request =
            "POST /v3/kv/\(method) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        _ = Array(request.utf8).withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        var response: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            response += buffer[..<count]
        }
        let text = String(decoding: response, as: UTF8.self)
        if !text.hasPrefix("HTTP/1.1 200") { throw TestSupportError(text) }
        return text
    }

    private func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let bytes = Array(text.utf8)
        var result = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(0) { $0 << 8 | Int($1) }
            bits <<= 8 * (3 - group.count)
            for index in 0..<4 {
                let digit = alphabet[bits >> (18 - 6 * index) & 63]
                result.append(index <= group.count ? digit : "=")
            }
        }
        return result
    }
}
