import EtcdClient
import Testing

@Suite("Client against a real etcd", .serialized, .enabled(if: EtcdServerProcess.isInstalled))
struct EtcdClientTests {
    /// Runs a test against a server of its own on its own port.
    private func withClient(
        port: Int, _ body: (EtcdClient) async throws -> Void
    ) async throws {
        let server = try EtcdServerProcess(port: port)
        let client = try EtcdClient(endpoints: ["http://127.0.0.1:\(port)"])
        try await waitForLeader(client)
        try await body(client)
        await client.close()
        withExtendedLifetime(server) {}
    }

    private func waitForLeader(_ client: EtcdClient) async throws {
        for _ in 0..<100 {
            if let status = try? await client.status(), status.leader != 0 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("etcd has not come up")
    }

    @Test func keysValuesLeasesAndWatches() async throws {
        try await withClient(port: 21050) { client in
            try await keysAndValues(client)
            try await transactions(client)
            try await leases(client)
            try await watches(client)
            try await compaction(client)
        }
    }

    private func keysAndValues(_ client: EtcdClient) async throws {
        let first = try await client.put("a", "1")
        let second = try await client.put(
            Array("a".utf8), Array("2".utf8), returnsPrevious: true)
        #expect(second.header.revision == first.header.revision.next)
        #expect(second.previous?.text == "1")
        let pair = try #require(try await client.get("a"))
        #expect(pair.text == "2")
        #expect(pair.version == 2)
        #expect(pair.modRevision == second.header.revision)
        #expect(try await client.get("missing") == nil)
        for number in 0..<10 { try await client.put("p/\(number)", "\(number)") }
        let some = try await client.range(.prefix("p/"), limit: 3)
        #expect(some.pairs.map(\.text) == ["0", "1", "2"])
        #expect(some.hasMore)
        #expect(some.count == 10)
        #expect(try await client.range(.all, countOnly: true).count == 11)
        let old = try await client.range(.key("a"), revision: first.header.revision)
        #expect(old.pairs.first?.text == "1")
        let deleted = try await client.delete(.prefix("p/"), returnsPrevious: true)
        #expect(deleted.deleted == 10)
        #expect(deleted.previous.count == 10)
        await #expect(throws: EtcdClientError.futureRevision) {
            try await client.range(.all, revision: 1_000_000)
        }
        await #expect(
            throws: EtcdClientError(
                code: .invalidArgument, message: "etcdserver: key is not provided")
        ) { try await client.put("", "x") }
    }

    private func transactions(_ client: EtcdClient) async throws {
        let key = Array("lock".utf8)
        let acquire = Transaction(
            if: [.init(key, .equal, .createRevision(0))],
            then: [.put(key, Array("me".utf8))], else: [.range(.key("lock"))])
        let first = try await client.commit(acquire)
        #expect(first.succeeded)
        let second = try await client.commit(acquire)
        #expect(!second.succeeded)
        guard case .range(let range) = second.responses.first else {
            Issue.record("a range was requested")
            return
        }
        #expect(range.pairs.first?.text == "me")
    }

    private func leases(_ client: EtcdClient) async throws {
        let lease = try await client.grantLease(seconds: 30)
        #expect(lease.seconds == 30)
        try await client.put("leased", "x", lease: lease.id)
        #expect(try await client.keepLeaseAlive(lease.id) == 30)
        try await client.revokeLease(lease.id)
        #expect(try await client.get("leased") == nil)
        await #expect(throws: EtcdClientError.leaseNotFound) {
            try await client.keepLeaseAlive(lease.id)
        }
        await #expect(throws: EtcdClientError.leaseNotFound) {
            try await client.put("leased", "x", lease: lease.id)
        }
    }

    private func watches(_ client: EtcdClient) async throws {
        let start = try await client.put("w/0", "0").header.revision
        for number in 1...5 { try await client.put("w/\(number)", "\(number)") }
        try await client.delete(.key("w/3"))
        var values: [String] = []
        for try await update in client.watch(.prefix("w/"), from: start, returnsPrevious: true) {
            for event in update.events {
                let mark = event.kind == .put ? "" : "-"
                values.append(
                    mark + (event.kind == .put ? event.pair : event.previous ?? event.pair).text)
            }
            if values.count == 7 { break }
        }
        #expect(values == ["0", "1", "2", "3", "4", "5", "-3"])
    }

    private func compaction(_ client: EtcdClient) async throws {
        let revision = try await client.status().header.revision
        try await client.compact(at: revision, isPhysical: true)
        await #expect(throws: EtcdClientError.compacted) {
            try await client.range(.all, revision: revision.previous)
        }
        await #expect(throws: EtcdClientError.compacted) {
            for try await _ in client.watch(.all, from: 1) {}
        }
    }

    @Test func oneOfSeveralEndpointsSuffices() async throws {
        try await withClient(port: 21053) { _ in
            let client = try EtcdClient(endpoints: ["127.0.0.1:1", "127.0.0.1:21053"])
            try await client.put("a", "1")
            #expect(try await client.get("a")?.text == "1")
            await client.close()
            await #expect(throws: EtcdClientError.self) { try await client.get("a") }
        }
    }

    @Test func anEndpointWithoutListenerIsUnavailable() async throws {
        let client = try EtcdClient(endpoints: ["127.0.0.1:1"])
        do {
            try await client.put("a", "1")
            Issue.record("no listener on that port")
        } catch {
            #expect(error.code == .unavailable)
        }
    }

    @Test(arguments: ["", "127.0.0.1", "http://", "https://127.0.0.1:1", "127.0.0.1:x", ":1"])
    func malformedEndpointsAreRefused(text: String) {
        #expect(throws: EtcdClientError.self) { try EtcdClient(endpoints: [text]) }
    }
}
