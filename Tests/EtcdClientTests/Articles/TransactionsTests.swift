import EtcdClient
import EtcdClientTesting
import Testing

@Suite("Articles: transactions")
struct TransactionsTests {
    @Test func createOnce() async throws {
        try await withEtcd { client in
            let response = try await client.commit(
                .when(.isMissing("users/ann"))
                    .then(.put("users/ann", "created"))
                    .otherwise(.get("users/ann")))
            #expect(response.succeeded)
        }
    }

    @Test func compareAndSwap() async throws {
        try await withEtcd { client in
            try await client.put("counter", "0")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await increment("counter", client) } }
                try await group.waitForAll()
            }
            #expect(try await client.get("counter")?.text == "4")
        }
    }

    private func increment(_ key: String, _ client: EtcdClient) async throws {
        while true {
            let pair = try await client.get(key)
            let count = pair.flatMap { Int($0.text) } ?? 0
            let response = try await client.commit(
                .when(.isUnchanged(key, since: pair?.modRevision ?? 0))
                    .then(.put(key, "\(count + 1)")))
            if response.succeeded { return }
        }
    }
}
