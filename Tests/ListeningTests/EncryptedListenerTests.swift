import ConnectionIdentity
import Listening
import NIOCore
import NIOPosix
import TLS
import TestSupport
import Testing

/// Real listeners with TLS, and what they refuse before the handshake.
@Suite struct EncryptedListenerTests {
    private let group = MultiThreadedEventLoopGroup.singleton
    private let files: Files
    private let authority: String
    private let server: TLSServer

    init() throws {
        files = try Files()
        let issuer = try Issued.selfSigned()
        let issued = try issuer.issue(.server)
        var configuration = TLSEndpointConfiguration()
        configuration.certificateFile = try files.write("server.crt", issued.pem)
        configuration.keyFile = try files.write("server.key", issued.keyPEM)
        authority = try files.write("ca.crt", issuer.pem)
        server = try TLSServer(configuration)
    }

    /// A listener that responds with the protocol that was opened, and its refusals.
    private func bind(
        servesPlaintext: Bool = false
    ) async throws -> (any Channel, AsyncStream<RefusedConnection>) {
        var configuration = ListenerConfiguration(
            servesPlaintext: servesPlaintext, tls: server, protocols: [.http1, .http2],
            acceptLimit: AcceptLimit(connectionsMax: 100), unfinished: UnfinishedConnections()
        ) { channel, opened, _ in
            channel.writeAndFlush(ByteBuffer(string: "\(opened)"), promise: nil)
            channel.close(promise: nil)
        }
        let (refusals, continuation) = AsyncStream.makeStream(of: RefusedConnection.self)
        configuration.onRefusal = { continuation.yield($0) }
        let listener = Listener(configuration: configuration, group: group)
        return (try await listener.bind(.tcp(host: "127.0.0.1", port: 0)), refusals)
    }

    /// What a client with these protocols receives.
    private func response(
        of listener: any Channel, protocols: [String]
    ) async throws -> String {
        var configuration = TLSEndpointConfiguration()
        configuration.trustedCAFile = authority
        let client = try TLSClient(configuration, applicationProtocols: protocols)
        return try await TextClient.connect(to: listener, tls: client).rest()
    }

    @Test func protocolOfTheHandshakeIsOpened() async throws {
        let (listener, _) = try await bind()
        for (protocols, opened) in [(["foo", "http/1.1"], "http1"), ([], "http1")] {
            #expect(try await response(of: listener, protocols: protocols) == opened)
        }
        try await listener.close()
    }

    @Test func clientWithOnlyUnknownProtocolsIsRefused() async throws {
        let (listener, refusals) = try await bind()
        let error = await #expect(throws: TLSHandshakeError.self) {
            _ = try await response(of: listener, protocols: ["foo", "h2c"])
        }
        #expect(error?.description == "remote error: tls: no application protocol")
        let refused = await refusals.first { _ in true }
        #expect(
            refused?.refusal.text
                == "tls: client requested unsupported application protocols ([\"foo\" \"h2c\"])")
        try await listener.close()
    }

    /// Bytes of a client, in pieces; what it receives; the text of the log.
    static let odd: [(sent: [String], received: String, text: String)] = [
        (
            ["GET / HTTP/1.1\r\n"], "", "tls: first record does not look like a TLS handshake"
        ),
        (
            ["\u{16}\u{3}\u{1}\0\u{4}", "\u{2}\0\0\0"], "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{32}",
            "local error: tls: error decoding message"
        ),
        (
            ["\u{16}", "\u{3}\u{1}\u{7f}\u{7f}"], "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{16}",
            "tls: oversized record received with length 32639"
        ),
    ]

    @Test(arguments: odd)
    func refusedByTheFirstBytes(
        sent: [String], received: String, text: String
    ) async throws {
        let (listener, refusals) = try await bind()
        let client = try await TextClient.connect(to: listener)
        for piece in sent { try await client.send(piece) }
        #expect(try await client.rest() == received)
        let refused = await refusals.first { _ in true }
        #expect(refused?.refusal.text == text)
        try await listener.close()
    }

    @Test func plaintextOnASharedPortIsServed() async throws {
        let (listener, _) = try await bind(servesPlaintext: true)
        let client = try await TextClient.connect(to: listener)
        try await client.send("GET / HTTP/1.1\r\n")
        #expect(try await client.rest() == "http1")
        #expect(try await response(of: listener, protocols: []) == "http1")
        try await listener.close()
    }
}
