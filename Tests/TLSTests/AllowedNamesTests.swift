import TestSupport
import Testing

@testable import TLS

/// `--client-cert-allowed-hostname` and `allowed-cn`.
@Suite("allowed names")
struct AllowedNamesTests {
    private func permits(
        _ template: CertificateTemplate, commonNames: [String] = [], hostnames: [String] = []
    ) throws -> Bool {
        var configuration = TLSEndpointConfiguration()
        configuration.allowedCommonNames = commonNames
        configuration.allowedHostnames = hostnames
        let certificate = try X509Certificate(Issued.selfSigned(template).der)
        return try AllowedNames(configuration).permit(certificate)
    }

    @Test func hostnames() throws {
        let host = CertificateTemplate(commonName: "x", dnsNames: ["client.example.com"])
        #expect(try permits(host, hostnames: ["a", "client.example.com"]))
        #expect(try permits(host, hostnames: ["CLIENT.example.com"]))
        #expect(try !permits(host, hostnames: ["example.com"]))
        #expect(try !permits(host, hostnames: ["*.example.com"]))
        #expect(try !permits(host, hostnames: [""]))
        let wild = CertificateTemplate(commonName: "x", dnsNames: ["*.example.com"])
        #expect(try permits(wild, hostnames: ["a.example.com"]))
        #expect(try permits(wild, hostnames: ["*.example.com"]))
        #expect(try !permits(wild, hostnames: ["a.b.example.com"]))
        #expect(try !permits(wild, hostnames: ["example.com"]))
        let address = CertificateTemplate(commonName: "x", addresses: [[10, 0, 0, 1]])
        #expect(try permits(address, hostnames: ["10.0.0.1"]))
        #expect(try !permits(address, hostnames: ["10.0.0.2"]))
        let name = CertificateTemplate(commonName: "client.example.com")
        #expect(try !permits(name, hostnames: ["client.example.com"]))
    }

    @Test func commonNames() throws {
        #expect(try permits(.init(commonName: "m1"), commonNames: ["m0", "m1"]))
        #expect(try !permits(.init(commonName: "m1"), commonNames: ["M1"]))
        #expect(try permits(.init(commonName: nil), commonNames: [""]))
    }

    @Test func bothListsAreRefused() throws {
        var configuration = TLSEndpointConfiguration()
        configuration.allowedCommonNames = ["a", "b"]
        configuration.allowedHostnames = ["h"]
        #expect(
            throws: TLSConfigurationError(
                "AllowedCNs and AllowedHostnames are mutually exclusive "
                    + "(cns=[\"a\" \"b\"], hostnames=[\"h\"])")
        ) { try AllowedNames(configuration) }
    }

    @Test func refusalsOfServers() async throws {
        var endpoints = try Endpoints()
        endpoints.requireClientCertificates()
        endpoints.server.allowedCommonNames = ["alice"]
        var template = CertificateTemplate.client
        template.addresses = [[10, 9, 9, 9]]
        try endpoints.show(endpoints.authority.issue(template))
        let result = try await endpoints.handshake()
        #expect(result.refusal == "client certificate authentication failed")
        #expect(result.certificate?.ipAddresses == ["10.9.9.9"])
        #expect(result.clientError == "remote error: tls: bad certificate")
        endpoints.server.allowedCommonNames = ["alice", "root"]
        #expect(try await endpoints.handshake().refusal == nil)
    }

    @Test func theListsOfADialingSideAreForServers() async throws {
        var endpoints = try Endpoints()
        endpoints.client.allowedHostnames = ["other"]
        let refused = try await endpoints.handshake()
        #expect(refused.clientError == "client certificate authentication failed")
        #expect(refused.refusal == "remote error: tls: bad certificate")
        endpoints.client.allowedHostnames = ["localhost"]
        #expect(try await endpoints.handshake().clientError == nil)
        // A certificate that is not verified has no allowed name.
        endpoints.client.skipsServerVerification = true
        #expect(
            try await endpoints.handshake().clientError
                == "client certificate authentication failed")
    }

    @Test func withoutClientCertificatesTheListsHaveNoEffect() async throws {
        var endpoints = try Endpoints()
        endpoints.server.allowedHostnames = ["other"]
        #expect(try await endpoints.handshake().refusal == nil)
    }
}
