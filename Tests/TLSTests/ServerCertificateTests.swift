import Crypto
import TestSupport
import Testing
import X509

@testable import TLS

/// What a client says about the certificate of a server.
@Suite("server certificates")
struct ServerCertificateTests {
    private static let prefix = "tls: failed to verify certificate: x509: "

    private func error(
        _ template: CertificateTemplate, host: String = "127.0.0.1"
    ) async throws -> HandshakeResult {
        var endpoints = try Endpoints()
        endpoints.server = try endpoints.configuration(
            "server", endpoints.authority.issue(template))
        return try await endpoints.handshake(host: host)
    }

    @Test func names() async throws {
        var other = CertificateTemplate.server
        other.dnsNames = ["etcd.example.com"]
        other.addresses = [[10, 9, 9, 9]]
        let address = try await error(other)
        #expect(
            address.clientError
                == Self.prefix + "certificate is valid for 10.9.9.9, not 127.0.0.1")
        #expect(address.refusal == "remote error: tls: bad certificate")
        #expect(
            try await error(other, host: "localhost").clientError
                == Self.prefix + "certificate is valid for etcd.example.com, not localhost")
        var onlyName = CertificateTemplate.server
        onlyName.addresses = []
        #expect(
            try await error(onlyName).clientError
                == Self.prefix + "cannot validate certificate for 127.0.0.1 because it doesn't "
                + "contain any IP SANs")
        #expect(try await error(onlyName, host: "localhost").clientError == nil)
        #expect(
            try await error(.init(commonName: "127.0.0.1")).clientError
                == Self.prefix
                + "certificate relies on legacy Common Name field, use SANs instead")
        #expect(
            try await error(.init(commonName: "x"), host: "localhost").clientError
                == Self.prefix
                + "certificate is not valid for any names, but wanted to match localhost")
    }

    @Test func usages() async throws {
        var template = CertificateTemplate.server
        template.usages = [.client]
        #expect(
            try await error(template).clientError
                == Self.prefix + "certificate specifies an incompatible key usage")
        template.usages = nil
        #expect(try await error(template).clientError == nil)
        template.usages = [.server]
        template.commonName = nil
        #expect(try await error(template).clientError == nil)
    }

    @Test func validity() async throws {
        var template = CertificateTemplate.server
        template.validity = -7200 ... -3600
        let expired = try await error(template)
        #expect(
            expired.clientError?.hasPrefix(
                Self.prefix + "certificate has expired or is not yet valid: current time ")
                == true)
        #expect(expired.refusal == "remote error: tls: bad certificate")
    }

    @Test func unknownAuthorities() async throws {
        var endpoints = try Endpoints()
        endpoints.server = try endpoints.configuration("server", Issued.selfSigned(.server))
        #expect(
            try await endpoints.handshake().clientError
                == Self.prefix + "certificate signed by unknown authority")
        endpoints.client.skipsServerVerification = true
        #expect(try await endpoints.handshake().clientError == nil)
        endpoints.client.skipsServerVerification = false
        endpoints.client.trustedCAFile = endpoints.server.certificateFile
        #expect(try await endpoints.handshake().clientError == nil)
    }

    @Test(
        arguments: [
            Certificate.PrivateKey(P384.Signing.PrivateKey()),
            Certificate.PrivateKey(P521.Signing.PrivateKey()),
            Certificate.PrivateKey(Curve25519.Signing.PrivateKey()),
        ], [TLSVersion.v12, .v13])
    func kindsOfKeys(_ key: Certificate.PrivateKey, _ version: TLSVersion) async throws {
        var endpoints = try Endpoints()
        endpoints.server = try endpoints.configuration(
            "server", endpoints.authority.issue(.server, key: key))
        endpoints.client.versionMin = version
        endpoints.client.versionMax = version
        let result = try await endpoints.handshake()
        #expect(result.clientError == nil)
        #expect(result.refusal == nil)
    }

    @Test func aHostIsNeeded() async throws {
        let endpoints = try Endpoints()
        let client = try TLSClient(endpoints.client, applicationProtocols: [])
        #expect(
            throws: TLSConfigurationError(
                "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config")
        ) { try client.connection(to: "") }
    }

    @Test(arguments: ["localhost.", "[::1]", "::1", "fe80::1%eth0", "_x", "münchen", "*"])
    func anyHostMakesAConnection(_ host: String) throws {
        let endpoints = try Endpoints()
        let client = try TLSClient(endpoints.client, applicationProtocols: ["h2"])
        _ = try client.connection(to: host)
    }
}
