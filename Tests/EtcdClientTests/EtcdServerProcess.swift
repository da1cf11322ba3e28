import Glibc
import Testing

/// A real etcd for the tests, with a directory of its own.
final class EtcdServerProcess: Sendable {
    let port: Int
    private let process: pid_t
    private let directory: String

    /// Whether an etcd is installed; tests that need one are skipped otherwise.
    static let isInstalled: Bool = {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return path.split(separator: ":").contains { access("\($0)/etcd", X_OK) == 0 }
    }()

    init(port: Int) throws {
        self.port = port
        var template = Array("/tmp/swift-etcd-client.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let client = "http://127.0.0.1:\(port)"
        let peer = "http://127.0.0.1:\(port + 1)"
        process = try Self.spawn([
            "etcd", "--data-dir", directory + "/data", "--name", "n1", "--log-level", "error",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", "n1=\(peer)",
        ])
    }

    private static func spawn(_ arguments: [String]) throws -> pid_t {
        var texts = arguments.map { strdup($0) } + [nil]
        defer { texts.forEach { free($0) } }
        var process: pid_t = 0
        try #require(posix_spawnp(&process, arguments[0], nil, nil, &texts, environ) == 0)
        return process
    }

    deinit {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        if let cleaner = try? Self.spawn(["rm", "-rf", directory]) { waitpid(cleaner, &status, 0) }
    }
}
