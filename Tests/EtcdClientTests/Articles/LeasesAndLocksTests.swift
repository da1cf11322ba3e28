import EtcdClient
import EtcdClientTesting
import Testing

@Suite("Articles: leases and locks")
struct LeasesAndLocksTests {
    @Test func leases() async throws {
        try await withEtcd { client in
            try await client.withLease(ttl: .seconds(10)) { lease in
                try await client.put("services/web/1", "10.0.0.1:80", lease: lease.id)
                try await serve()
            }
            #expect(try await client.get("services/web/1") == nil)
        }
    }

    private func serve() async throws {}

    @Test func locks() async throws {
        try await withEtcd { client in
            let balance = 10
            try await client.put("balance", "")
            try await client.withLock("accounts/42") { lock in
                let response = try await client.commit(
                    .when(lock.isHeld).then(.put("balance", "\(balance)")))
                guard response.succeeded else { return }
            }
            #expect(try await client.get("balance")?.text == "10")
        }
    }

    @Test func elections() async throws {
        try await withEtcd { client in
            let address = "10.0.0.1:80"
            try await client.withElection("primary", value: address) { leadership in
                let leader = try await client.leader(of: "primary")
                #expect(leader?.text == address)
                try await leadership.proclaim("10.0.0.1:81")
            }
            #expect(try await client.leader(of: "primary") == nil)
        }
    }

    @Test func observers() async throws {
        try await withEtcd { client in
            try await client.withElection("primary", value: "10.0.0.1:80") { _ in
                for try await leader in client.leaders(of: "primary") {
                    #expect(leader.text == "10.0.0.1:80")
                    break
                }
            }
        }
    }
}
