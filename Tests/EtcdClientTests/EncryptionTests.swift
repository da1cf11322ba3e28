import EtcdClient
import TestSupport
import Testing

/// Certificates of a client and of the members.
@Suite("Encryption", .serialized)
struct EncryptionTests {
    /// The files of one side, and an authority that may be replaced.
    private struct Certificates {
        let files = try? Files()
        var authority: Issued

        init() throws {
            authority = try Issued.selfSigned()
        }

        func path(_ name: String) throws -> String { try #require(files).path(name) }

        /// Writes the certificates of all sides, signed by the authority.
        func write() throws {
            let files = try #require(files)
            try files.write("ca.crt", authority.pem)
            for (name, template) in [("server", CertificateTemplate.server), ("client", .client)] {
                let issued = try authority.issue(template)
                try files.write("\(name).crt", issued.pem)
                try files.write("\(name).key", issued.keyPEM)
            }
        }
    }

    @Test(arguments: ServerKind.available)
    func aClientReadsReplacedCertificates(kind: ServerKind) async throws {
        var certificates = try Certificates()
        try certificates.write()
        let flags = [
            "--cert-file", try certificates.path("server.crt"),
            "--key-file", try certificates.path("server.key"),
            "--trusted-ca-file", try certificates.path("ca.crt"), "--client-cert-auth",
        ]
        let cluster = try TestCluster(kind, flags: flags, scheme: "https")
        var configuration = EtcdClient.Configuration()
        configuration.timeout = .seconds(30)
        var security = EtcdClient.Security()
        security.authoritiesFile = try certificates.path("ca.crt")
        security.certificateFile = try certificates.path("client.crt")
        security.keyFile = try certificates.path("client.key")
        configuration.security = security
        try await EtcdClient.withClient(
            endpoints: cluster.members.map(\.clientURL), configuration: configuration
        ) { client in
            try await client.put("a", "1")
            cluster.kill(cluster.members[0])
            // Nothing that was signed before is accepted any more, by either side.
            certificates.authority = try Issued.selfSigned()
            try certificates.write()
            try cluster.start(cluster.members[0])
            #expect(try await client.get("a")?.text == "1")
        }
        withExtendedLifetime(cluster) {}
    }

    @Test(arguments: ServerKind.available)
    func aMemberOfAnotherAuthorityIsNotReached(kind: ServerKind) async throws {
        let (served, trusted) = (try Certificates(), try Certificates())
        try served.write()
        try trusted.write()
        let flags = [
            "--cert-file", try served.path("server.crt"),
            "--key-file", try served.path("server.key"),
        ]
        let cluster = try TestCluster(kind, flags: flags, scheme: "https")
        var configuration = EtcdClient.Configuration()
        configuration.security = EtcdClient.Security()
        configuration.security?.authoritiesFile = try trusted.path("ca.crt")
        try await EtcdClient.withClient(
            endpoints: cluster.members.map(\.clientURL), configuration: configuration
        ) { client in
            await expect(reason: .unavailable) {
                try await client.get("a", timeout: .seconds(2))
            }
        }
        withExtendedLifetime(cluster) {}
    }
}
