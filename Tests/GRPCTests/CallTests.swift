import ConnectionIdentity
import GRPC
import NIOCore
import Testing

@Suite struct CallTests {
    @Test(arguments: [
        (ConnectionIdentity.plaintext, "none"), (.encrypted(nil), "none"),
        (.encrypted(CertificateIdentity(commonName: "root")), "root"),
    ])
    func aCallHasTheIdentityOfItsConnection(identity: ConnectionIdentity, name: String)
        async throws
    {
        let server = try await EchoServer.start(identity: identity)
        let client = try await server.connect()
        let response = try await client.unary(path: "/test.Echo/CommonName", message: []).get()
        #expect(response == Array(name.utf8))
        try await server.stop()
    }

    @Test func unaryEchoesSmallAndBigMessages() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        for count in [0, 1, 100, 16_384, 100_000, 3_000_000] {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let response = try await client.unary(path: "/test.Echo/Unary", message: message).get()
            #expect(response == message)
        }
        try await client.close().get()
        try await server.stop()
    }

    @Test func manyUnaryCallsShareOneConnection() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let responses = (0..<2000).map { index in
            client.unary(path: "/test.Echo/Unary", message: Array("\(index)".utf8))
        }
        for (index, response) in responses.enumerated() {
            #expect(try await response.get() == Array("\(index)".utf8))
        }
        let ticks = try await server.read { $0.ticks }
        #expect(ticks > 0 && ticks < 2000)
        let counters = try await server.server.collectCounters(on: server.group.any()).get()
        #expect(counters[0].started == 2000)
        #expect(counters[0].handled[0] == 2000)
        #expect(counters[0].messagesReceived == 2000)
        #expect(counters[0].messagesSent == 2000)
        try await client.close().get()
        try await server.stop()
    }

    @Test func bidirectionalStreamEchoesInOrder() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let stream = client.openStream(path: "/test.Echo/Bidi")
        for index in 0..<500 { stream.send(Array("\(index)".utf8)) }
        stream.halfClose()
        var expected = 0
        for try await message in stream.messages {
            #expect(message == Array("\(expected)".utf8))
            expected += 1
        }
        #expect(expected == 500)
        try await server.stop()
    }

    @Test func clientStreamIsCounted() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let stream = client.openStream(path: "/test.Echo/Count")
        for _ in 0..<100 { stream.send([UInt8](repeating: 7, count: 50_000)) }
        stream.halfClose()
        var responses: [[UInt8]] = []
        for try await message in stream.messages { responses.append(message) }
        #expect(responses == [Array("5000000".utf8)])
        try await server.stop()
    }

    @Test func metadataIsFoundByName() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let long = String(repeating: "x", count: 60_000)
        let metadata = [
            ("hasleader", "true"), ("token", "abc"), ("long", long), ("unread", "x"),
            ("token", "second"),
        ]
        for (name, value) in metadata.prefix(3) + [("absent", "none"), ("unread", "none")] {
            let response = try await client.unary(
                path: "/test.Echo/Metadata", message: Array(name.utf8), metadata: metadata
            ).get()
            #expect(String(decoding: response, as: UTF8.self) == value)
        }
        try await server.stop()
    }

    @Test func asynchronousCallReturnsTheResponse() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let response = try await client.call(path: "/test.Echo/Unary", message: [1, 2, 3])
        #expect(response == [1, 2, 3])
        try await server.stop()
    }

    @Test func responsesOfAnotherThreadAreSentInBatches() async throws {
        let server = try await EchoServer.start()
        let clients = [try await server.connect(), try await server.connect()]
        let responses = (0..<1000).map { index in
            clients[index % 2].unary(path: "/test.Echo/Later", message: Array("\(index)".utf8))
        }
        for (index, response) in responses.enumerated() {
            #expect(try await response.get() == Array("\(index)".utf8))
        }
        try await server.stop()
    }
}
