import NIOCore
import Testing

@testable import TLS

/// `--client-crl-file`.
@Suite("revocation lists")
struct RevocationTests {
    private var endpoints: Endpoints
    private let listFile: String

    init() throws {
        endpoints = try Endpoints()
        endpoints.requireClientCertificates()
        try endpoints.show(endpoints.authority.issue(.client))
        listFile = endpoints.files.path("crl.der")
        endpoints.server.revocationListFile = listFile
    }

    @Test func parses() throws {
        let list = try RevocationList(RevocationListBuilder().build([[0x04, 0x15], [0xff]]))
        #expect(list.serialNumbers == [[0x04, 0x15], [0xff]])
        #expect(try RevocationList(RevocationListBuilder().build([])).serialNumbers.isEmpty)
        for broken in [[], Array("garbage".utf8), Array("-----BEGIN X509 CRL-----".utf8)] {
            #expect(throws: X509Error("x509: malformed crl")) {
                try RevocationList(broken)
            }
        }
        #expect(throws: X509Error("x509: unsupported crl version: 2")) {
            try RevocationList(RevocationListBuilder(version: [2]).build([]))
        }
        let whole = RevocationListBuilder().build([[1], [2]])
        for length in whole.indices {
            #expect(throws: X509Error.self) {
                try RevocationList(Array(whole.prefix(length)))
            }
        }
    }

    @Test func listedCertificatesAreRefusedAfterTheHandshake() async throws {
        try endpoints.files.write("crl.der", RevocationListBuilder().build([[0x04, 0x15]]))
        let result = try await endpoints.handshake()
        #expect(result.refusal == "transport: certificate serial 0415 revoked")
        #expect(result.certificate?.commonName == "root")
        #expect(result.clientError == "EOF")
    }

    @Test func listsPastTheirDateCount() async throws {
        try endpoints.files.write(
            "crl.der",
            RevocationListBuilder(nextUpdate: 1_000_000_001).build([[0x04, 0x15]]))
        #expect(
            try await endpoints.handshake().refusal
                == "transport: certificate serial 0415 revoked")
    }

    @Test func listedIntermediates() async throws {
        var endpoints = endpoints
        let intermediate = try endpoints.authority.issue(
            .init(
                commonName: "int", usages: nil, serialNumber: [0x03, 0xeb], isAuthority: true))
        try endpoints.show(intermediate.issue(.client), chain: [intermediate])
        try endpoints.files.write("crl.der", RevocationListBuilder().build([[0x03, 0xeb]]))
        #expect(
            try await endpoints.handshake().refusal
                == "transport: certificate serial 03eb revoked")
    }

    @Test func otherCertificatesAreNotRefused() async throws {
        try endpoints.files.write("crl.der", RevocationListBuilder().build([[0x04, 0x16]]))
        let result = try await endpoints.handshake()
        #expect(result.refusal == nil)
        #expect(result.clientError == nil)
    }

    @Test func brokenListsRefuseEveryCertificate() async throws {
        #expect(
            try await endpoints.handshake().refusal
                == "open \(listFile): no such file or directory")
        try endpoints.files.write("crl.der", "-----BEGIN X509 CRL-----\n")
        #expect(try await endpoints.handshake().refusal == "x509: malformed crl")
        // Without client certificates the file is not read.
        var endpoints = endpoints
        endpoints.server.trustedCAFile = ""
        endpoints.server.requiresClientCertificate = false
        #expect(try await endpoints.handshake().refusal == nil)
    }

    @Test func replacedListsCountForNewConnections() async throws {
        let events = Events()
        try endpoints.files.write("crl.der", RevocationListBuilder().build([]))
        let server = try TLSServer(endpoints.server) { events.add($0) }
        let client = try TLSClient(endpoints.client, applicationProtocols: ["h2"])
        #expect(try await handshake(server, client).refusal == nil)
        try endpoints.files.write("crl.der", RevocationListBuilder().build([[0x04, 0x15]]))
        await nextCheck()
        #expect(
            try await handshake(server, client).refusal
                == "transport: certificate serial 0415 revoked")
        try endpoints.files.write("crl.der", "broken")
        await nextCheck()
        #expect(try await handshake(server, client).refusal == "x509: malformed crl")
        #expect(
            events.all == [
                .reloaded(file: listFile),
                .reloadFailed(file: listFile, reason: "x509: malformed crl"),
            ])
    }
}
