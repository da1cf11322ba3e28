import TestSupport

@testable import TLS

/// The files of a server and of a client, both with certificates of one authority.
struct Endpoints {
    let files: Files
    let authority: Issued
    var server = TLSEndpointConfiguration()
    var client = TLSEndpointConfiguration()

    init() throws {
        files = try Files()
        authority = try Issued.selfSigned()
        try files.write("ca.crt", authority.pem)
        server = try configuration("server", authority.issue(.server))
        client.trustedCAFile = files.path("ca.crt")
    }

    /// A configuration with a certificate, its intermediates and its key.
    func configuration(
        _ name: String, _ issued: Issued, chain: [Issued] = []
    ) throws -> TLSEndpointConfiguration {
        var configuration = TLSEndpointConfiguration()
        let certificates = try ([issued] + chain).map { try $0.pem }.joined()
        configuration.certificateFile = try files.write("\(name).crt", certificates)
        configuration.keyFile = try files.write("\(name).key", issued.keyPEM)
        return configuration
    }

    /// Client certificates of the authority are required.
    mutating func requireClientCertificates() {
        server.trustedCAFile = files.path("ca.crt")
        server.requiresClientCertificate = true
    }

    /// The client shows this certificate.
    mutating func show(_ issued: Issued, chain: [Issued] = []) throws {
        let trusted = client.trustedCAFile
        client = try configuration("client", issued, chain: chain)
        client.trustedCAFile = trusted
    }

    func handshake(
        host: String = "localhost", protocols: [String] = ["h2"]
    ) async throws -> HandshakeResult {
        try await TLSTests.handshake(
            TLSServer(server), TLSClient(client, applicationProtocols: protocols), host: host)
    }
}
