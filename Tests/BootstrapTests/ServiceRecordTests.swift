import DNS
import Disk
import Testing

@testable import EtcdServer

/// The initial cluster from SRV records, with a name server on loopback.
@Suite("Members from SRV records")
struct ServiceRecordTests {
    private static let plain = "_etcd-server._tcp.example.com."
    private static let secure = "_etcd-server-ssl._tcp.example.com."

    private func fixture(_ server: NameServer) throws -> BootstrapFixture {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        fixture.configuration.initialCluster = ""
        fixture.configuration.discovery.dnsDomain = "example.com"
        fixture.services = ServiceLookup(server.configuration)
        return fixture
    }

    private func record(_ port: UInt16, target: String = "127.0.0.1.") -> ServiceRecord {
        ServiceRecord(priority: 0, weight: 0, port: port, target: target)
    }

    @Test func aMemberRecognizesItselfByItsAddress() async throws {
        let server = try NameServer([
            Self.plain: .records([record(42179), record(42180), record(42181)])
        ])
        defer { server.stop() }
        let fixture = try fixture(server)
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(Set(member.members.map(\.name)) == ["0", "one", "1"])
        let own = member.members.first { $0.name == "one" }
        #expect(own?.id == member.localID)
        #expect(own?.peerURLs == ["http://127.0.0.1:42180"])
        #expect(
            Set(member.members.flatMap(\.peerURLs)) == [
                "http://127.0.0.1:42179", "http://127.0.0.1:42180", "http://127.0.0.1:42181",
            ])
    }

    @Test func theServiceNameEndsWithTheSuffix() async throws {
        let server = try NameServer([
            "_etcd-server-blue._tcp.example.com.": .records([record(42180)])
        ])
        defer { server.stop() }
        let fixture = try fixture(server)
        fixture.configuration.discovery.dnsServiceName = "blue"
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(member.members.map(\.name) == ["one"])
    }

    @Test func recordsOfBothServicesAreMerged() async throws {
        let server = try NameServer([
            Self.secure: .records([record(42181)]), Self.plain: .records([record(42180)]),
        ])
        defer { server.stop() }
        let fixture = try fixture(server)
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(
            Set(member.members.flatMap(\.peerURLs)) == [
                "https://127.0.0.1:42181", "http://127.0.0.1:42180",
            ])
    }

    @Test func aHostWithoutAddressIsSkipped() async throws {
        let server = try NameServer([
            Self.plain: .records([record(42180), record(1, target: "no.such.invalid.")])
        ])
        defer { server.stop() }
        let fixture = try fixture(server)
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(member.members.count == 1)
    }

    @Test func refusesRecordsWithoutThisMember() async throws {
        let prefix = "error setting up initial cluster: "
        let others = try NameServer([Self.plain: .records([record(42181)])])
        defer { others.stop() }
        #expect(
            try await fixture(others).refusal()
                == prefix + "cannot find local etcd member \"one\" in SRV records")
        let secure = try NameServer([Self.secure: .records([record(42180)])])
        defer { secure.stop() }
        #expect(
            try await fixture(secure).refusal()
                == prefix + "error querying DNS SRV records for _etcd-server-ssl bootstrap at "
                + "https://127.0.0.1:42180 from DNS for etcd-server-ssl has scheme mismatch with "
                + "expected peer http://127.0.0.1:42180\nerror querying DNS SRV records for "
                + "_etcd-server lookup _etcd-server._tcp.example.com: no such host")
        let empty = try NameServer([:])
        defer { empty.stop() }
        #expect(
            try await fixture(empty).refusal()
                == prefix + "error querying DNS SRV records for _etcd-server-ssl lookup "
                + "_etcd-server-ssl._tcp.example.com: no such host\nerror querying DNS SRV records "
                + "for _etcd-server lookup _etcd-server._tcp.example.com: no such host")
    }
}
