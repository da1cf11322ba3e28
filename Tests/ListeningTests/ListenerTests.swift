import ConnectionIdentity
import Listening
import NIOCore
import NIOPosix
import Testing

/// Real listeners and real sockets, without TLS.
@Suite struct ListenerTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    /// Responds to each connection with the protocol that was opened, and closes it.
    private func configuration(
        connectionsMax: Int = 100, unfinishedMax: Int = 100, keepsOpen: Bool = false
    ) -> ListenerConfiguration {
        ListenerConfiguration(
            servesPlaintext: true, tls: nil, protocols: [.http1, .http2],
            acceptLimit: AcceptLimit(connectionsMax: connectionsMax),
            unfinished: UnfinishedConnections(countMax: unfinishedMax)
        ) { channel, opened, identity in
            let text = "\(opened) \(identity)"
            channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
            if !keepsOpen { channel.close(promise: nil) }
        }
    }

    private func bind(_ configuration: ListenerConfiguration) async throws -> any Channel {
        try await Listener(
            configuration: configuration, group: group
        ).bind(.tcp(host: "127.0.0.1", port: 0))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", "http1 plaintext"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http2 plaintext"),
        ("\u{16}\u{3}\u{1}\u{2}", ""),
    ])
    func protocolIsChosenByTheFirstBytes(sent: String, response: String) async throws {
        let listener = try await bind(configuration())
        let client = try await TextClient.connect(to: listener)
        try await client.send(sent)
        #expect(try await client.rest() == response)
        try await listener.close()
    }

    @Test func silentConnectionIsClosedAfterTheTimeout() async throws {
        var configuration = configuration()
        configuration.setupTimeout = .milliseconds(50)
        let listener = try await bind(configuration)
        let client = try await TextClient.connect(to: listener)
        #expect(try await client.rest() == "")
        #expect(configuration.unfinished.count == 0)
        try await listener.close()
    }

    @Test func oldestUnfinishedConnectionMakesWay() async throws {
        let configuration = configuration(unfinishedMax: 2)
        let listener = try await bind(configuration)
        let silent = [
            try await TextClient.connect(to: listener), try await TextClient.connect(to: listener),
        ]
        // The newest is served; two stay, or one of them was closed without a response.
        let client = try await TextClient.connect(to: listener)
        try await client.send("GET / HTTP/1.1\r\n")
        #expect(try await client.rest() == "http1 plaintext")
        #expect(configuration.unfinished.count <= 2)
        for connection in silent { try await connection.close() }
        try await listener.close()
    }

    @Test func connectionsAboveTheLimitWaitInTheBacklog() async throws {
        let configuration = configuration(connectionsMax: 2, keepsOpen: true)
        let listener = try await bind(configuration)
        var clients: [TextClient] = []
        for _ in 0..<8 {
            let client = try await TextClient.connect(to: listener)
            try await client.send("GET / HTTP/1.1\r\n")
            clients.append(client)
        }
        // All are served, a few at a time, as earlier ones end.
        for client in clients {
            #expect(try await client.first() == "http1 plaintext")
            try await client.close()
        }
        try await listener.close()
    }
}
