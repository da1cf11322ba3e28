import EtcdClient
import EtcdClientTesting
import Testing

/// An example of a program that uses the client.
private struct Settings {
    let client: EtcdClient

    func color() async throws -> String {
        try await client.get("config/color")?.text ?? "white"
    }
}

@Suite("Articles: testing")
struct TestingArticleTests {
    @Test func theColorIsReadFromEtcd() async throws {
        try await withEtcd { client in
            let settings = Settings(client: client)
            #expect(try await settings.color() == "white")
            try await client.put("config/color", "blue")
            #expect(try await settings.color() == "blue")
        }
    }

    @Test func aStoppedMemberIsWaitedFor() async throws {
        try await withInMemoryEtcd { etcd in
            try await EtcdClient.withClient(endpoints: [etcd.endpoint]) { client in
                try await client.put("config/color", "blue")
                await etcd.stop()
                async let color = Settings(client: client).color()
                try await etcd.start()
                #expect(try await color == "blue")
            }
        }
    }
}
