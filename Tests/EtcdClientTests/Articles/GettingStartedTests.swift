import EtcdClient
import EtcdClientTesting
import Logging
import Testing

/// The code of the articles is part of these files, which `Scripts/interface.py` checks.
@Suite("Articles: getting started")
struct GettingStartedTests {
    @Test func aScript() async throws {
        try await withInMemoryEtcd { etcd in
            let endpoints = [etcd.endpoint]
            try await EtcdClient.withClient(endpoints: endpoints) { client in
                try await client.put("greeting", "hello")
                let pair = try await client.get("greeting")
                #expect(pair?.text == "hello")
            }
        }
    }

    @Test func aService() async throws {
        try await withInMemoryEtcd { etcd in
            let endpoints = [etcd.endpoint]
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let client = try EtcdClient(endpoints: endpoints, logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run() }
                try await serve(client)
                group.cancelAll()
            }
        }
    }

    private func serve(_ client: EtcdClient) async throws {
        try await client.put("services/web", "127.0.0.1:8080")
        try await client.put("services/mail", "127.0.0.1:25")
        try await readRanges(client)
    }

    private func readRanges(_ client: EtcdClient) async throws {
        let services = try await client.range(.prefix("services/"))
        let first = try await client.range(.prefix("services/"), RangeOptions(limit: 1))
        let then = try await client.range(
            .prefix("services/"), RangeOptions(revision: services.header.revision))
        #expect(services.pairs.map(\.keyText) == ["services/mail", "services/web"])
        #expect(first.pairs.count == 1 && first.hasMore)
        #expect(then.pairs == services.pairs)
        var count = 0
        for try await pairs in client.pages(.prefix("services/")) {
            count += pairs.count
        }
        #expect(count == 2)
    }

    @Test func namespaces() async throws {
        try await withEtcd { client in
            let team = client.namespace("team/")
            try await team.put("color", "blue")
            let pair = try await client.get("team/color")
            #expect(pair?.text == "blue")
        }
    }
}
