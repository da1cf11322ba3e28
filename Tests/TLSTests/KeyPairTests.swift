import Crypto
import TestSupport
import Testing
import X509
import _CryptoExtras

@testable import TLS

/// Certificates and keys that a start accepts or refuses, with the texts of etcd.
@Suite("certificate and key files")
struct KeyPairTests {
    private let files: Files
    private let issued: Issued

    init() throws {
        files = try Files()
        issued = try Issued.selfSigned(.server)
        try files.write("srv.crt", issued.pem)
        try files.write("srv.key", issued.keyPEM)
    }

    /// The text of the start with these two files; nil if it is good.
    private func error(_ certificate: String, _ key: String) -> String? {
        var configuration = TLSEndpointConfiguration()
        configuration.certificateFile = certificate
        configuration.keyFile = key
        return error(configuration)
    }

    private func error(_ configuration: TLSEndpointConfiguration) -> String? {
        do {
            _ = try TLSServer(configuration)
            return nil
        } catch {
            return error.description
        }
    }

    private func error(
        certificate: String? = nil, key: String? = nil
    ) throws -> String? {
        error(
            try certificate.map { try files.write("other.crt", $0) } ?? files.path("srv.crt"),
            try key.map { try files.write("other.key", $0) } ?? files.path("srv.key"))
    }

    @Test func bothAreNeeded() {
        #expect(
            error("pki/srv.crt", "")
                == "KeyFile and CertFile must both be present[key: , cert: pki/srv.crt]")
        #expect(
            error("", "pki/srv.key")
                == "KeyFile and CertFile must both be present[key: pki/srv.key, cert: ]")
    }

    @Test func filesThatCannotBeRead() throws {
        let missing = files.path("nofile.crt")
        #expect(
            error(missing, files.path("srv.key"))
                == "open \(missing): no such file or directory")
        #expect(
            error(files.path("srv.crt"), missing) == "open \(missing): no such file or directory")
        let directory = files.directory.path
        #expect(error(directory, files.path("srv.key")) == "read \(directory): is a directory")
    }

    @Test(arguments: ["", "garbage\n", "-----BEGIN CERTIFICATE-----\nMIIB", "0\u{82}"])
    func certificatesWithoutPEM(_ text: String) throws {
        #expect(
            try error(certificate: text)
                == "tls: failed to find any PEM data in certificate input")
        #expect(try error(key: text) == "tls: failed to find any PEM data in key input")
    }

    @Test func certificatesOfOtherContent() throws {
        #expect(
            try error(
                certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
                == "x509: malformed certificate")
        #expect(
            try error(certificate: issued.keyPEM)
                == "tls: failed to find certificate PEM data in certificate input, but did find "
                + "a private key; PEM inputs may have been switched")
        let header = try issued.pem.replacing("CERTIFICATE", with: "X509 CERTIFICATE")
        #expect(
            try error(certificate: header)
                == "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after "
                + "skipping PEM blocks of the following types: [X509 CERTIFICATE]")
    }

    @Test func keysOfOtherContent() throws {
        #expect(
            try error(key: issued.pem)
                == "tls: found a certificate rather than a key in the PEM for the private key")
        #expect(
            try error(
                key: Certificate.PrivateKey(P256.Signing.PrivateKey()).serializeAsPEM().pemString)
                == "tls: private key does not match public key")
        #expect(
            try error(
                key: Certificate.PrivateKey(P384.Signing.PrivateKey()).serializeAsPEM().pemString)
                == "tls: private key does not match public key")
        #expect(
            try error(
                key: Certificate.PrivateKey(Curve25519.Signing.PrivateKey()).serializeAsPEM()
                    .pemString)
                == "tls: private key type does not match public key type")
    }

    @Test func formsThatAreAccepted() throws {
        let certificate = try issued.pem
        let key = try issued.keyPEM
        let both = certificate + key
        #expect(try error(certificate: both, key: both) == nil)
        #expect(try error(certificate: key + certificate, key: key + certificate) == nil)
        #expect(
            try error(
                certificate: "Certificate:\n  Data: x\n\n" + certificate + "\nend\n",
                key: "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                    + "-----END EC PARAMETERS-----\n" + key) == nil)
        #expect(
            try error(
                certificate: certificate.replacing("\n", with: "\r\n"),
                key: key.replacing("\n", with: "\r\n")) == nil)
        // Trailing blanks, and no line end at the end.
        #expect(
            try error(certificate: String(certificate.replacing("\n", with: "  \n").dropLast(3)))
                == nil)
        let p256 = P256.Signing.PrivateKey()
        let other = try Issued.selfSigned(.server, key: .init(p256))
        #expect(try error(certificate: other.pem, key: p256.pemRepresentation) == nil)
    }

    @Test func keysOfRSA() throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let other = try Issued.selfSigned(.server, key: .init(key))
        #expect(try error(certificate: other.pem, key: key.pemRepresentation) == nil)
        #expect(try error(certificate: other.pem, key: key.pkcs8PEMRepresentation) == nil)
        #expect(
            try error(certificate: other.pem)
                == "tls: private key type does not match public key type")
        let second = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        #expect(
            try error(certificate: other.pem, key: second.pemRepresentation)
                == "tls: private key does not match public key")
    }

    @Test func keysWithAPassphrase() {
        let wrapped: [UInt8] = [0x30, 0x59, 0x30, 0x57] + Array(repeating: 0, count: 0x57)
        #expect(
            PrivateKeyErrorText.of(wrapped)
                == "asn1: structure error: tags don't match (2 vs {class:0 tag:16 length:87 "
                + "isCompound:true}) {optional:false explicit:false application:false "
                + "private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false "
                + "omitEmpty:false} int @2")
        #expect(
            PrivateKeyErrorText.of([0x30, 0x88, 1, 2, 3, 4, 5, 6, 7, 8])
                == "asn1: structure error: length too large")
        #expect(throws: TLSConfigurationError.self) { try PrivateKey(wrapped) }
    }

    @Test func theCertificateForDialing() throws {
        var configuration = TLSEndpointConfiguration()
        configuration.certificateFile = files.path("srv.crt")
        configuration.keyFile = files.path("srv.key")
        configuration.clientCertificateFile = "pki/cli.crt"
        let text =
            "ClientKeyFile and ClientCertFile must both be present or both absent: "
        #expect(error(configuration) == text + "key: , cert: pki/cli.crt]")
        configuration.clientCertificateFile = ""
        configuration.clientKeyFile = "pki/cli.key"
        #expect(error(configuration) == text + "key: pki/cli.key, cert: ]")
        configuration.clientCertificateFile = "pki/cli.crt"
        #expect(error(configuration) == "open pki/cli.crt: no such file or directory")
        configuration.clientCertificateFile = files.path("srv.crt")
        configuration.clientKeyFile = try files.write(
            "cli.key", Certificate.PrivateKey(P256.Signing.PrivateKey()).serializeAsPEM().pemString)
        #expect(error(configuration) == "tls: private key does not match public key")
    }

    @Test func certificatesThatOnlyClientsRefuse() throws {
        var template = CertificateTemplate.server
        template.validity = -7200 ... -3600
        let other = try Issued.selfSigned(template)
        #expect(try error(certificate: other.pem, key: other.keyPEM) == nil)
        // The second certificate has not issued the first.
        #expect(try error(certificate: issued.pem + other.pem) == nil)
    }
}
