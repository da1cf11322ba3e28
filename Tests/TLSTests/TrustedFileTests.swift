import TestSupport
import Testing

@testable import TLS

/// What `--trusted-ca-file` may hold.
@Suite("trusted certificates")
struct TrustedFileTests {
    private func pool(_ text: String) throws -> CertificatePool {
        try CertificatePool(trusted: Array(text.utf8))
    }

    @Test func everyBlockIsACertificate() throws {
        let authority = try Issued.selfSigned()
        let pem = try authority.pem
        #expect(try pool("one\n" + pem + "two\n" + pem).certificates.count == 1)
        #expect(
            try pool(pem.replacing("CERTIFICATE", with: "TRUSTED CERTIFICATE")).certificates.count
                == 1)
        #expect(try pool("").certificates.isEmpty)
        #expect(try pool("-----BEGIN CERTIFICATE-----\nMIIB").certificates.isEmpty)
        #expect(throws: TLSConfigurationError("x509: malformed tbs certificate")) {
            try pool(pem + authority.keyPEM)
        }
        #expect(throws: TLSConfigurationError("x509: malformed certificate")) {
            try pool("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        }
        let list = RevocationListBuilder().build([[1]])
        #expect(throws: TLSConfigurationError("x509: malformed validity")) {
            try CertificatePool(trusted: PEM.encode(list, type: "X509 CRL"))
        }
    }

    @Test func filesThatCannotBeRead() throws {
        var endpoints = try Endpoints()
        endpoints.server.trustedCAFile = endpoints.files.path("none")
        let server = endpoints.server
        #expect(
            throws: TLSConfigurationError(
                "open \(server.trustedCAFile): no such file or directory")
        ) { try TLSServer(server) }
        endpoints.client.trustedCAFile = endpoints.files.directory.path
        endpoints.client.skipsServerVerification = true
        let client = endpoints.client
        #expect(
            throws: TLSConfigurationError("read \(client.trustedCAFile): is a directory")
        ) { try TLSClient(client, applicationProtocols: []) }
    }

    @Test func theSystemHasRoots() throws {
        // Nothing is required of the machine; whatever is there can be parsed.
        let pool = SystemRoots.load()
        for certificate in pool.certificates { #expect(pool.contains(certificate)) }
    }
}
