import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import TLS

/// Odd and hostile connections, and what is logged about them.
@Suite("odd connections")
struct RawConnectionTests {
    private let endpoints: Endpoints

    init() throws {
        endpoints = try Endpoints()
    }

    /// Sends bytes and closes the connection.
    private func refusal(_ bytes: [UInt8], closes: Bool = true) async throws -> TLSRefusal? {
        let listener = try await TestListener(TLSServer(endpoints.server))
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: listener.port).get()
        if !bytes.isEmpty { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
        if closes { try await channel.close(mode: .output) }
        let result = await listener.next()
        try? await channel.close()
        await listener.close()
        if case .failure(let refusal) = result { return refusal }
        return nil
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n", "hello world\n", "\0\0\0\0\0\0\0\0",
    ])
    func noTLS(_ text: String) async throws {
        #expect(
            try await refusal(Array(text.utf8), closes: false)?.text
                == "tls: first record does not look like a TLS handshake")
    }

    @Test func endsOfTheConnection() async throws {
        let none = try await refusal([])
        #expect(none?.text == "EOF")
        #expect(none?.isEndOfStream == true)
        for bytes: [UInt8] in [[22], [22, 3, 1], [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]] {
            let partial = try await refusal(bytes)
            #expect(partial?.text == "unexpected EOF")
            #expect(partial?.isEndOfStream == false)
        }
    }

    @Test func alertsFirst() async throws {
        #expect(
            try await refusal([21, 3, 1, 0, 2, 2, 40], closes: false)?.text
                == "remote error: tls: handshake failure")
    }

    @Test func brokenMessages() async throws {
        // Another message than a ClientHello.
        let other = try await refusal([22, 3, 1, 0, 4, 2, 0, 0, 0], closes: false)
        #expect(other?.text == "local error: tls: unexpected message")
        let truncated = try await refusal([22, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 0, 0], closes: false)
        #expect(truncated?.text == "local error: tls: error decoding message")
        let long = try await refusal(
            [22, 3, 1, 0, 9, 1, 0xff, 0xff, 0xff, 3, 3, 0, 0, 0], closes: false)
        #expect(long?.text == "tls: handshake message exceeds maximum of 65536 bytes")
    }

    @Test func resets() async throws {
        let listener = try await TestListener(TLSServer(endpoints.server))
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: listener.port).get()
        let provider = try #require(channel as? any SocketOptionProvider)
        try await provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        let address = try #require(channel.localAddress?.port)
        let port = listener.port
        try await channel.writeAndFlush(ByteBuffer(bytes: [22, 3, 1]))
        try await channel.close()
        let result = await listener.next()
        await listener.close()
        guard case .failure(let refusal) = result else {
            Issue.record("the handshake cannot succeed")
            return
        }
        let reason = "read: connection reset by peer"
        let text = "read tcp 127.0.0.1:\(port)->127.0.0.1:\(address): \(reason)"
        // The end may be seen before the reset, and a reset before SwiftNIO asks for the addresses
        // of the accepted socket: then it has none any more.
        #expect([text, reason, "unexpected EOF"].contains(refusal.text))
    }
}
