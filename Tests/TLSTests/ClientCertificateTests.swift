import ConnectionIdentity
import Crypto
import TestSupport
import Testing
import X509
import _CryptoExtras

@testable import TLS

/// What a server with `--client-cert-auth --trusted-ca-file` accepts, and what it logs.
@Suite("client certificates")
struct ClientCertificateTests {
    private var endpoints: Endpoints

    init() throws {
        endpoints = try Endpoints()
        endpoints.requireClientCertificates()
    }

    private func handshake(
        _ edit: (inout Endpoints) throws -> Void
    ) async throws -> HandshakeResult {
        var endpoints = endpoints
        try edit(&endpoints)
        return try await endpoints.handshake()
    }

    private func showing(_ template: CertificateTemplate) async throws -> HandshakeResult {
        try await handshake { try $0.show($0.authority.issue(template)) }
    }

    @Test func none() async throws {
        let result = try await handshake { _ in }
        #expect(result.refusal == "tls: client didn't provide a certificate")
        #expect(result.certificate == nil)
        #expect(result.clientError == "remote error: tls: certificate required")
    }

    @Test func namesAreTheIdentity() async throws {
        var template = CertificateTemplate.client
        template.dnsNames = ["a.example.com", "b.example.com"]
        template.addresses = [[10, 0, 0, 1], [0xfe, 0x80] + Array(repeating: 0, count: 13) + [1]]
        let result = try await showing(template)
        #expect(result.refusal == nil)
        #expect(
            result.certificate
                == CertificateIdentity(
                    commonName: "root", dnsNames: ["a.example.com", "b.example.com"],
                    ipAddresses: ["10.0.0.1", "fe80::1"]))
        #expect(try result.client.get() == "h2")
    }

    @Test func withoutCommonName() async throws {
        let result = try await showing(CertificateTemplate(commonName: nil, usages: [.client]))
        #expect(result.refusal == nil)
        #expect(result.certificate?.commonName == "")
    }

    @Test(arguments: [
        Certificate.PrivateKey(P384.Signing.PrivateKey()),
        Certificate.PrivateKey(P521.Signing.PrivateKey()),
        Certificate.PrivateKey(Curve25519.Signing.PrivateKey()),
    ])
    func kindsOfKeys(_ key: Certificate.PrivateKey) async throws {
        let leaf = try await handshake {
            try $0.show($0.authority.issue(.client, key: key))
        }
        #expect(leaf.refusal == nil)
        // And the same kind of key as the one of the authority.
        let authority = try await handshake {
            let authority = try Issued.selfSigned(key: key)
            try $0.files.write("ca.crt", authority.pem + $0.authority.pem)
            try $0.show(authority.issue(.client))
        }
        #expect(authority.refusal == nil)
    }

    @Test func keysOfRSA() async throws {
        let key = Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
        let result = try await handshake {
            let authority = try Issued.selfSigned(key: key)
            try $0.files.write("ca.crt", authority.pem + $0.authority.pem)
            try $0.show(authority.issue(.client, key: key))
        }
        #expect(result.refusal == nil)
    }

    @Test(
        arguments: [[.client], [.any], nil, [.server, .client]] as [[CertificateTemplate.Usage]?])
    func usages(_ usages: [CertificateTemplate.Usage]?) async throws {
        var template = CertificateTemplate.client
        template.usages = usages
        #expect(try await showing(template).refusal == nil)
    }

    @Test(arguments: [[.server], [.codeSigning]] as [[CertificateTemplate.Usage]])
    func otherUsages(_ usages: [CertificateTemplate.Usage]) async throws {
        var template = CertificateTemplate.client
        template.usages = usages
        let result = try await showing(template)
        #expect(
            result.refusal
                == "tls: failed to verify certificate: x509: certificate specifies an "
                + "incompatible key usage")
        #expect(result.certificate == nil)
        #expect(result.clientError == "remote error: tls: bad certificate")
    }

    @Test func otherAuthorities() async throws {
        let text =
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        let other = try await handshake {
            try $0.show(
                Issued.selfSigned(.init(commonName: "other ca", isAuthority: true))
                    .issue(.client))
        }
        #expect(other.refusal == text)
        let selfSigned = try await handshake { try $0.show(Issued.selfSigned(.client)) }
        #expect(selfSigned.refusal == text)
        // The same name, and another key.
        let impostor = try await handshake { try $0.show(Issued.selfSigned().issue(.client)) }
        #expect(
            impostor.refusal == text
                + " (possibly because of \"x509: ECDSA verification failure\" while trying to "
                + "verify candidate authority certificate \"test ca\")")
    }

    @Test func intermediates() async throws {
        let intermediate = try endpoints.authority.issue(
            .init(commonName: "int", usages: nil, isAuthority: true))
        let leaf = try intermediate.issue(.client)
        let sent = try await handshake { try $0.show(leaf, chain: [intermediate]) }
        #expect(sent.refusal == nil)
        let withRoot = try await handshake {
            try $0.show(leaf, chain: [intermediate, $0.authority])
        }
        #expect(withRoot.refusal == nil)
        let missing = try await handshake { try $0.show(leaf) }
        #expect(
            missing.refusal
                == "tls: failed to verify certificate: x509: certificate signed by unknown "
                + "authority")
        // Only the intermediate is trusted.
        let partial = try await handshake {
            $0.server.trustedCAFile = try $0.files.write("int.crt", intermediate.pem)
            try $0.show(leaf)
        }
        #expect(partial.refusal == nil)
    }

    @Test func pinning() async throws {
        let leaf = try endpoints.authority.issue(.client)
        let pinned = try await handshake {
            $0.server.trustedCAFile = try $0.files.write("pinned.crt", leaf.pem)
            try $0.show(leaf)
        }
        #expect(pinned.refusal == nil)
        let selfSigned = try Issued.selfSigned(.client)
        let trusted = try await handshake {
            $0.server.trustedCAFile = try $0.files.write("pinned.crt", selfSigned.pem)
            try $0.show(selfSigned)
        }
        #expect(trusted.refusal == nil)
        let authority = try await handshake { try $0.show($0.authority) }
        #expect(authority.refusal == nil)
    }

    @Test func validity() async throws {
        var template = CertificateTemplate.client
        template.validity = -7200 ... -3600
        let expired = try await showing(template)
        let text =
            "tls: failed to verify certificate: x509: certificate has expired or is not yet "
            + "valid: current time "
        #expect(expired.refusal?.hasPrefix(text) == true)
        #expect(expired.refusal?.contains(" is after 20") == true)
        template.validity = 3600...7200
        let early = try await showing(template)
        #expect(early.refusal?.hasPrefix(text) == true)
        #expect(early.refusal?.contains(" is before 20") == true)
        #expect(early.refusal?.hasSuffix("Z") == true)
    }

    @Test func withoutAuthorityAnythingWorks() async throws {
        let result = try await handshake {
            $0.server.trustedCAFile = ""
            $0.server.requiresClientCertificate = false
            try $0.show(Issued.selfSigned(.client))
        }
        #expect(result.refusal == nil)
        #expect(result.certificate == nil)
    }

    @Test func aTrustedFileAloneRequiresCertificates() async throws {
        let result = try await handshake { $0.server.requiresClientCertificate = false }
        #expect(result.refusal == "tls: client didn't provide a certificate")
    }

    @Test func emptyPools() async throws {
        let result = try await handshake {
            $0.server.trustedCAFile = try $0.files.write("empty.crt", "nothing\n")
            try $0.show($0.authority.issue(.client))
        }
        #expect(
            result.refusal
                == "tls: failed to verify certificate: x509: certificate signed by unknown "
                + "authority")
    }
}
