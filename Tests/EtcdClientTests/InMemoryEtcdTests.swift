import EtcdClient
import EtcdClientTesting
import Testing

/// The server for users' tests, which runs in this process.
@Suite("In-memory etcd")
struct InMemoryEtcdTests {
    @Test func itServesKeysWatchesLeasesAndLocks() async throws {
        try await withEtcd { client in
            try await client.withWatch(.prefix("a/")) { watch in
                var iterator = watch.makeAsyncIterator()
                try await client.put("a/1", "x")
                #expect(try await iterator.next()?.events.map(\.pair.text) == ["x"])
                let grant = try await client.grantLease(ttl: .seconds(60))
                try await client.put("a/2", "y", lease: grant.id)
                try await client.revokeLease(grant.id)
                #expect(try await iterator.next()?.events.map(\.kind) == [.put])
                #expect(try await iterator.next()?.events.map(\.kind) == [.delete])
            }
            let revision = try await client.withLock("lock") { $0.revision }
            #expect(try await client.count(.prefix("lock/")) == 0)
            #expect(try await client.get("a/1", revision: revision)?.text == "x")
            let urls = try await client.members().flatMap(\.clientURLs)
            #expect(urls == client.endpoints.map { "http://\($0)" })
        }
    }

    @Test func itsDataOutlivesAStop() async throws {
        try await withInMemoryEtcd { etcd in
            try await EtcdClient.withClient(endpoints: [etcd.endpoint]) { client in
                try await client.withWatch(.key("a")) { watch in
                    var iterator = watch.makeAsyncIterator()
                    try await client.put("a", "1")
                    #expect(try await iterator.next()?.events.map(\.pair.text) == ["1"])
                    await etcd.stop()
                    await expect(reason: .unavailable) {
                        try await client.put("a", "2", timeout: .milliseconds(200))
                    }
                    try await etcd.start()
                    #expect(try await client.get("a")?.text == "1")
                    try await client.put("a", "3")
                    #expect(try await iterator.next()?.events.map(\.pair.text) == ["3"])
                }
            }
        }
    }

    @Test func eachHasDataOfItsOwn() async throws {
        let counts = try await withThrowingTaskGroup(of: Int64.self) { group in
            for number in 1...4 {
                group.addTask {
                    try await withEtcd { client in
                        for key in 0..<number { try await client.put("\(key)", "") }
                        return try await client.count(.all)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.sorted() == [1, 2, 3, 4])
    }

    @Test func itHasUsers() async throws {
        try await withInMemoryEtcd { etcd in
            var configuration = EtcdClient.Configuration()
            configuration.credentials = .password(name: "root", password: "secret")
            try await EtcdClient.withClient(
                endpoints: [etcd.endpoint], configuration: configuration
            ) { root in
                try await root.addUser("root", password: "secret")
                try await root.grantRole("root", to: "root")
                try await root.enableAuth()
                try await root.put("a", "1")
            }
            try await EtcdClient.withClient(endpoints: [etcd.endpoint]) { nobody in
                await expect(reason: .userRequired) { try await nobody.get("a") }
            }
        }
    }

    @Test func anErrorOfTheBodyIsThrown() async throws {
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await withEtcd { _ in throw Failure() }
        }
    }
}
