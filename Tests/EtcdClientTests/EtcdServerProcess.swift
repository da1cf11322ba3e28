import TestSupport

/// A real etcd for the tests, with a directory of its own.
final class EtcdServerProcess: Sendable {
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    /// Whether an etcd is installed; tests that need one are skipped otherwise.
    static let isInstalled = installedProgram("etcd") != nil

    init(port: Int) throws {
        directory = try TemporaryDirectory()
        let client = "http://127.0.0.1:\(port)"
        let peer = "http://127.0.0.1:\(port + 1)"
        process = try ChildProcess(
            "etcd",
            [
                "--data-dir", directory.path + "/data", "--name", "n1", "--log-level", "error",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", "n1=\(peer)",
            ])
    }

    deinit {
        process.kill()
    }
}
