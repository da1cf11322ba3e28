import EtcdClient
import Synchronization
import TestSupport

/// A cluster of real processes, each with a directory of its own.
final class TestCluster: Sendable {
    struct Member: Sendable {
        let name: String
        let port: Int
        let peerPort: Int
        let scheme: String

        var endpoint: String { "127.0.0.1:\(port)" }
        var clientURL: String { "\(scheme)://127.0.0.1:\(port)" }
        var peerURL: String { "http://127.0.0.1:\(peerPort)" }
    }

    let members: [Member]
    private let program: String
    private let flags: [String]
    private let directory: TemporaryDirectory
    private let processes = Mutex<[String: ChildProcess]>([:])

    init(
        _ kind: ServerKind, size: Int = 1, flags: [String] = [], scheme: String = "http"
    ) throws {
        guard let program = kind.program else { throw TestSupportError("no \(kind)") }
        self.program = program
        self.flags = flags
        directory = try TemporaryDirectory()
        members = try (0..<size).map {
            Member(
                name: "m\($0)", port: try freePort(), peerPort: try freePort(), scheme: scheme)
        }
        for member in members { try start(member) }
    }

    deinit {
        for process in processes.withLock({ $0 }).values { process.kill() }
    }

    var endpoints: [String] { members.map(\.endpoint) }

    func start(_ member: Member) throws {
        let initial = members.map { "\($0.name)=\($0.peerURL)" }.joined(separator: ",")
        let process = try ChildProcess(
            program,
            [
                "--name", member.name, "--data-dir", "\(directory.path)/\(member.name)",
                "--listen-client-urls", member.clientURL,
                "--advertise-client-urls", member.clientURL,
                "--listen-peer-urls", member.peerURL,
                "--initial-advertise-peer-urls", member.peerURL, "--initial-cluster", initial,
                "--log-level", "error", "--heartbeat-interval", "50",
                "--election-timeout", "500",
            ] + flags,
            output: .file("\(directory.path)/\(member.name).log"))
        processes.withLock { $0[member.name] = process }
    }

    func kill(_ member: Member) {
        processes.withLock { $0.removeValue(forKey: member.name) }?.kill()
    }

    func pause(_ member: Member) {
        processes.withLock { $0[member.name] }?.pause()
    }

    func resume(_ member: Member) {
        processes.withLock { $0[member.name] }?.resume()
    }
}

/// Runs a test with a client of a cluster that serves.
func withCluster(
    _ kind: ServerKind, size: Int = 1, flags: [String] = [],
    configuration: EtcdClient.Configuration = EtcdClient.Configuration(),
    _ body: (EtcdClient, TestCluster) async throws -> Void
) async throws {
    let cluster = try TestCluster(kind, size: size, flags: flags)
    for member in cluster.members { try await waitUntilReady(member.endpoint) }
    try await EtcdClient.withClient(
        endpoints: cluster.endpoints, configuration: configuration
    ) { client in
        try await body(client, cluster)
    }
    withExtendedLifetime(cluster) {}
}

/// Waits until a member serves linearizable reads.
func waitUntilReady(_ endpoint: String) async throws {
    var configuration = EtcdClient.Configuration()
    configuration.timeout = .seconds(60)
    configuration.retries.retriesMax = .max
    configuration.retries.pauseMax = .milliseconds(100)
    try await EtcdClient.withClient(endpoints: [endpoint], configuration: configuration) { client in
        _ = try await client.get("ready")
    }
}
