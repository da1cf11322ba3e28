import EtcdClient
import Glibc
import TestSupport
import Testing

@Suite("Lifecycle of a client", .serialized)
struct LifecycleTests {
    @Test func withoutRunNothingIsSent() async throws {
        let client = try EtcdClient(endpoints: ["127.0.0.1:1"])
        await expect(reason: .clientNotRunning) {
            try await client.get("a", timeout: .milliseconds(200))
        }
    }

    @Test(arguments: ServerKind.available)
    func theEndOfRunClosesAllSocketsAndFailsCalls(kind: ServerKind) async throws {
        try await withCluster(kind) { _, cluster in
            let before = openSockets()
            let client = try EtcdClient(endpoints: cluster.endpoints + ["127.0.0.1:1"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run() }
                try await client.put("a", "1")
                #expect(openSockets() > before)
                group.cancelAll()
            }
            #expect(openSockets() == before)
            await expect(reason: .clientClosed) { try await client.get("a") }
        }
    }

    @Test(arguments: ServerKind.available)
    func openCallsEndWithTheClient(kind: ServerKind) async throws {
        try await withCluster(kind) { _, cluster in
            let client = try EtcdClient(endpoints: cluster.endpoints)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let running = Task { await client.run() }
                try await client.put("a", "1")
                group.addTask {
                    await expect(reason: .clientClosed) {
                        for try await _ in client.watch(.all) {}
                    }
                }
                try await Task.sleep(for: .milliseconds(300))
                running.cancel()
                try await group.waitForAll()
            }
        }
    }

    @Test func aDialInProgressLeavesNoSocket() async throws {
        let before = openSockets()
        let silent = try SilentListener()
        var configuration = EtcdClient.Configuration()
        configuration.dialTimeout = .milliseconds(200)
        try await EtcdClient.withClient(
            endpoints: ["127.0.0.1:\(silent.port)"], configuration: configuration
        ) { client in
            await expect(reason: .unavailable) {
                try await client.get("a", timeout: .milliseconds(500))
            }
        }
        #expect(openSockets() == before + 1)
        withExtendedLifetime(silent) {}
    }

    @Test func anEndpointWithoutListenerIsUnavailable() async throws {
        var configuration = EtcdClient.Configuration()
        configuration.failsWithoutConnection = true
        try await EtcdClient.withClient(
            endpoints: ["127.0.0.1:1"], configuration: configuration
        ) { client in
            do throws(EtcdClientError) {
                try await client.put("a", "1")
                Issue.record("no listener on that port")
            } catch {
                #expect(error.reason == .unavailable)
                #expect(error.isCertainlyNotExecuted)
                #expect(
                    error.message == "connection error: desc = \"transport: Error while dialing: "
                        + "dial tcp 127.0.0.1:1: connect: connection refused\"")
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func oneOfSeveralEndpointsSuffices(kind: ServerKind) async throws {
        try await withCluster(kind) { _, cluster in
            try await EtcdClient.withClient(
                endpoints: ["127.0.0.1:1"] + cluster.endpoints
            ) { client in
                for number in 0..<10 { try await client.put("a", "\(number)") }
                #expect(try await client.get("a")?.text == "9")
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func cancellingATaskCancelsItsCall(kind: ServerKind) async throws {
        try await withCluster(kind) { client, cluster in
            try await client.put("a", "1")
            cluster.pause(cluster.members[0])
            let started = ContinuousClock.now
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await expect(reason: .cancelled) { try await client.get("a") } }
                try? await Task.sleep(for: .milliseconds(100))
                group.cancelAll()
            }
            #expect(started.duration(to: .now) < .seconds(4))
            cluster.resume(cluster.members[0])
        }
    }

    @Test(arguments: ServerKind.available)
    func aCallEndsWithItsTimeout(kind: ServerKind) async throws {
        try await withCluster(kind) { client, cluster in
            try await client.put("a", "1")
            cluster.pause(cluster.members[0])
            await expect(reason: .deadlineExceeded) {
                try await client.put("a", "2", timeout: .milliseconds(300))
            }
            cluster.resume(cluster.members[0])
            #expect(try await client.get("a") != nil)
        }
    }

    @Test(arguments: ["", "127.0.0.1", "http://", "127.0.0.1:x", ":1", "ftp://a:1"])
    func malformedEndpointsAreRefused(text: String) {
        #expect {
            try EtcdClient(endpoints: [text])
        } throws: {
            ($0 as? EtcdClientError)?.reason == .invalidConfiguration
        }
    }
}

/// Accepts connections, and never reads from them.
private final class SilentListener {
    let port: Int
    private let descriptor: Int32

    init() throws {
        port = try freePort()
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(descriptor, 16) == 0 else { throw TestSupportError("no listener") }
    }

    deinit { close(descriptor) }
}

/// Sockets that this process has open.
private func openSockets() -> Int {
    var count = 0
    for descriptor in Int32(0)..<1024 {
        var info = stat()
        if fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK { count += 1 }
    }
    return count
}
