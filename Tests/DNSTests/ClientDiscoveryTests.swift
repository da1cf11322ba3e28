import EtcdClient
import EtcdClientTesting
import Testing

@testable import DNS

/// How a client finds the members of a domain.
@Suite("SRV records for clients")
struct ClientDiscoveryTests {
    private func record(_ target: String, _ port: UInt16) -> ServiceRecord {
        ServiceRecord(priority: 0, weight: 0, port: port, target: target)
    }

    private func discover(
        _ names: [String: NameServer.Behaviour], serviceName: String = "",
        allowsPlaintext: Bool = false
    ) async throws -> [String] {
        let server = try NameServer(names)
        defer { server.stop() }
        return try await EtcdClient.discoverEndpoints(
            domain: "example.com", serviceName: serviceName, allowsPlaintext: allowsPlaintext,
            with: ServiceLookup(server.configuration))
    }

    @Test func encryptedEndpointsComeFirst() async throws {
        let names: [String: NameServer.Behaviour] = [
            "_etcd-client-ssl._tcp.example.com.": .records([record("a.example.", 2379)]),
            "_etcd-client._tcp.example.com.": .records([record("b.example.", 2380)]),
        ]
        #expect(try await discover(names) == ["https://a.example:2379"])
        #expect(
            try await discover(names, allowsPlaintext: true)
                == ["https://a.example:2379", "http://b.example:2380"])
    }

    @Test func aServiceNameIsPartOfTheName() async throws {
        let names: [String: NameServer.Behaviour] = [
            "_etcd-client-ssl-blue._tcp.example.com.": .records([record("a.example.", 2379)])
        ]
        #expect(try await discover(names, serviceName: "blue") == ["https://a.example:2379"])
        #expect(await reason { try await discover(names) } == .invalidConfiguration)
    }

    @Test func withoutRecordsOrAResponseTheReasonSaysSo() async {
        #expect(await reason { try await discover([:]) } == .invalidConfiguration)
        let silent: [String: NameServer.Behaviour] = [
            "_etcd-client-ssl._tcp.example.com.": .noResponse
        ]
        #expect(await reason { try await discover(silent) } == .unavailable)
    }

    private func reason(
        _ discovery: () async throws -> [String]
    ) async -> EtcdClientError.Reason? {
        do {
            _ = try await discovery()
            return nil
        } catch {
            return (error as? EtcdClientError)?.reason
        }
    }

    @Test func aClientUsesTheEndpointsThatItFinds() async throws {
        try await withInMemoryEtcd { etcd in
            let port = try #require(UInt16(etcd.endpoint.split(separator: ":").last ?? ""))
            let endpoints = try await discover(
                ["_etcd-client._tcp.example.com.": .records([record("127.0.0.1.", port)])],
                allowsPlaintext: true)
            try await EtcdClient.withClient(endpoints: endpoints) { client in
                try await client.put("a", "1")
                #expect(try await client.get("a")?.text == "1")
            }
        }
    }
}
