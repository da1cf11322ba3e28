import DNS
import Disk
import Testing

@testable import EtcdServer

/// The initial cluster from SRV records: what is done with the answers. How they come is tested
/// with the resolver.
@Suite("Members from SRV records")
struct ServiceRecordTests {
    @Test func withoutAnyRecordTheStartIsRefused() async throws {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        fixture.configuration.initialCluster = ""
        fixture.configuration.discovery.dnsDomain = "example.com"
        fixture.configuration.discovery.dnsServiceName = "blue"
        var nobody = ResolverConfiguration()
        nobody.servers = [.init(address: "127.0.0.1", port: 1)]
        nobody.attempts = 1
        nobody.timeoutSeconds = 1
        fixture.services = ServiceLookup(nobody)
        let refusal = try await fixture.refusal()
        let prefix = "error setting up initial cluster: error querying DNS SRV records for "
        #expect(refusal?.hasPrefix(prefix + "_etcd-server-ssl-blue lookup ") == true)
        #expect(refusal?.contains("\nerror querying DNS SRV records for _etcd-server-blue") == true)
    }
}
