import Glibc
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import TLS

@Suite("auto TLS")
struct SelfSignedTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func prepare(
        _ hosts: [String] = ["127.0.0.1", "localhost", "localhost", "::1"], years: UInt = 1
    ) throws -> SelfSignedCertificate.Created {
        try SelfSignedCertificate.prepare(
            directory: directory.path + "/fixtures/client", hosts: hosts, validityYears: years)
    }

    private func mode(_ path: String) -> mode_t {
        var information = stat()
        stat(path, &information)
        return information.st_mode & 0o777
    }

    @Test func files() throws {
        let created = try prepare()
        #expect(created.isNew)
        #expect(created.certificateFile == directory.path + "/fixtures/client/cert.pem")
        #expect(created.keyFile == directory.path + "/fixtures/client/key.pem")
        #expect(mode(directory.path + "/fixtures") == 0o700)
        #expect(mode(directory.path + "/fixtures/client") == 0o700)
        #expect(mode(created.certificateFile) == 0o644)
        #expect(mode(created.keyFile) == 0o600)
        #expect(
            try text(ofFile: created.keyFile).hasPrefix("-----BEGIN EC PRIVATE KEY-----\n"))
        #expect(created.notAfter.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
    }

    @Test func theCertificate() throws {
        let certificate = try Certificate(pemEncoded: text(ofFile: prepare().certificateFile))
        #expect(certificate.version == .v3)
        #expect(certificate.signatureAlgorithm == .ecdsaWithSHA512)
        #expect(String(describing: certificate.subject) == "O=etcd")
        #expect(certificate.issuer == certificate.subject)
        #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
        #expect((1...17).contains(certificate.serialNumber.bytes.count))
        let extensions = certificate.extensions
        #expect(
            try extensions.keyUsage
                == KeyUsage(digitalSignature: true, keyEncipherment: true, cRLSign: true))
        #expect(try extensions.extendedKeyUsage == ExtendedKeyUsage([.serverAuth]))
        #expect(
            try extensions.basicConstraints
                == .isCertificateAuthority(maxPathLength: nil))
        #expect(try extensions.subjectKeyIdentifier?.keyIdentifier.count == 20)
        #expect(
            try extensions.subjectAlternativeNames.map(Array.init) == [
                .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])), .dnsName("localhost"),
                .dnsName("localhost"),
                .ipAddress(
                    ASN1OctetString(contentBytes: Array(repeating: 0, count: 15) + [1])),
            ])
        #expect(
            certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore)
                == 365 * 86_400)
    }

    @Test func ourParserAgrees() throws {
        let created = try prepare()
        let pair = try KeyPair(
            certificateFile: created.certificateFile, keyFile: created.keyFile)
        #expect(pair.chain.count == 1)
        let certificate = try X509Certificate(pair.chain[0].toDERBytes())
        #expect(HostName.matches(certificate, "localhost"))
        #expect(HostName.matches(certificate, "127.0.0.1"))
        #expect(certificate.subject.organization == "etcd")
    }

    @Test func filesThatExistStay() throws {
        let first = try prepare()
        let certificate = try text(ofFile: first.certificateFile)
        let second = try prepare(["other"], years: 2)
        #expect(!second.isNew)
        #expect(second.notAfter == "")
        #expect(try text(ofFile: first.certificateFile) == certificate)
        try FileRemoval.remove(first.keyFile)
        #expect(try prepare().isNew)
        #expect(try text(ofFile: first.certificateFile) != certificate)
    }

    @Test func years() throws {
        #expect(
            throws: TLSConfigurationError(
                "selfSignedCertValidity is invalid,it should be greater than 0")
        ) { try prepare(years: 0) }
        // Nanoseconds of 64 bits end after 292 years.
        let now = WallClock(seconds: 1_795_926_530, nanoseconds: 5)
        func year(_ years: UInt) -> Int {
            CivilTime(
                secondsSince1970: SelfSignedCertificate.end(now, years: years).seconds
            ).year
        }
        #expect(year(1) == 2027)
        #expect(year(292) == 2318)
        #expect(year(293) == 1735)
        #expect(year(584) == 2025)
        _ = year(.max)
        let late = try prepare(years: 100)
        #expect(late.notAfter.hasPrefix("21"))
        let certificate = try Certificate(pemEncoded: text(ofFile: late.certificateFile))
        #expect(
            certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore)
                == 36_500 * 86_400)
    }

    @Test func directoriesThatCannotBeMade() throws {
        let files = try Files()
        try files.write("file", "")
        #expect(throws: TLSConfigurationError("mkdir \(files.path("file/x")): not a directory")) {
            try SelfSignedCertificate.prepare(
                directory: files.path("file/x"), hosts: [], validityYears: 1)
        }
    }

    @Test(arguments: [TLSVersion.v12, .v13])
    func handshakes(_ version: TLSVersion) async throws {
        let created = try prepare()
        var server = TLSEndpointConfiguration()
        server.certificateFile = created.certificateFile
        server.keyFile = created.keyFile
        var client = TLSEndpointConfiguration()
        client.versionMin = version
        client.versionMax = version
        client.skipsServerVerification = true
        let skipping = try await handshake(
            TLSServer(server), TLSClient(client, applicationProtocols: []))
        #expect(skipping.clientError == nil)
        client.skipsServerVerification = false
        client.trustedCAFile = created.certificateFile
        let verifying = try await handshake(
            TLSServer(server), TLSClient(client, applicationProtocols: []))
        #expect(verifying.clientError == nil)
    }
}
