import Glibc

/// A real etcd that runs for a test, found as ETCD_BINARY or on PATH.
final class EtcdProcess {
    static let clientPort: UInt16 = 21000
    private var process: pid_t = 0

    static var isAvailable: Bool {
        if getenv("ETCD_BINARY") != nil { return true }
        guard let path = getenv("PATH") else { return false }
        return String(cString: path).split(separator: ":").contains { folder in
            access("\(folder)/etcd", X_OK) == 0
        }
    }

    /// Starts a single member on a data directory and waits until it answers.
    init(dataDirectory: String) throws {
        let binary = getenv("ETCD_BINARY").map { String(cString: $0) } ?? "etcd"
        let client = "http://127.0.0.1:\(Self.clientPort)"
        let peer = "http://127.0.0.1:\(Self.clientPort + 1)"
        let arguments = [
            binary, "--name=one", "--data-dir=\(dataDirectory)", "--log-level=warn",
            "--listen-client-urls=\(client)", "--advertise-client-urls=\(client)",
            "--listen-peer-urls=\(peer)", "--initial-advertise-peer-urls=\(peer)",
            "--initial-cluster=one=\(peer)",
        ]
        try spawn(arguments, log: dataDirectory + ".log")
        for _ in 0..<200 {
            if (try? get("ready")) != nil { return }
            usleep(50_000)
        }
        kill()
        throw EtcdProcessError(what: "etcd does not answer; see \(dataDirectory).log")
    }

    deinit {
        kill()
    }

    /// Ends it at once, as a crash would, together with what wraps it.
    func kill() {
        if process <= 0 { return }
        Glibc.kill(-process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        process = 0
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

    private func spawn(_ arguments: [String], log: String) throws {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        let result = posix_spawnp(
            &process, arguments[0], &actions, &attributes, pointers, environ)
        if result != 0 { throw EtcdProcessError(what: "posix_spawnp failed with \(result)") }
    }

    /// One call of the JSON gateway.
    private func post(_ method: String, _ body: String) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = Self.clientPort.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length)
            }
        }
        if connected != 0 { throw EtcdProcessError(what: "connection refused") }
        let request =
            "POST /v3/kv/\(method) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        _ = Array(request.utf8).withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        if !text.hasPrefix("HTTP/1.1 200") { throw EtcdProcessError(what: text) }
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
            for place in 0..<4 {
                let digit = alphabet[bits >> (18 - 6 * place) & 63]
                result.append(place <= group.count ? digit : "=")
            }
        }
        return result
    }
}

struct EtcdProcessError: Error {
    let what: String
}
