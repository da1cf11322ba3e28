import GRPC
import NIOCore
import Testing

private let request: [(String, String)] = [
    (":method", "POST"), (":scheme", "http"), (":path", "/t.T/U"), (":authority", "t"),
    ("content-type", "application/grpc"), ("te", "trailers"),
]
private let message: [UInt8] = [0, 0, 0, 0, 2, 7, 8]

@Suite struct RawFrameTests {
    private func open(_ server: RawServer) throws -> RawConnection {
        let connection = try #require(RawConnection(port: server.listener.localAddress?.port ?? 0))
        connection.send(RawConnection.preface + RawFrame.settings.bytes)
        return connection
    }

    private func call(_ connection: RawConnection, stream: UInt32, ends: Bool = true) {
        let headers = RawFrame(
            type: 1, flags: 4, stream: stream, payload: headerBlock(request))
        let data = RawFrame(type: 0, flags: ends ? 1 : 0, stream: stream, payload: message)
        connection.send(headers.bytes + data.bytes)
    }

    @Test func responseIsHeadersDataAndTrailers() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        call(connection, stream: 1)
        #expect(connection.next(type: 1)?.flags == 4)
        #expect(connection.next(type: 0)?.payload == message)
        #expect(connection.next(type: 1)?.flags == 5)
        try await server.stop()
    }

    /// The response to another call ends its stream while a header block is incomplete.
    @Test(arguments: [false, true])
    func headersMayComeInTwoReads(continued: Bool) async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        let block = headerBlock(request)
        let half = Array(block.prefix(block.count / 2)), rest = Array(block.dropFirst(half.count))
        let whole = RawFrame(type: 1, flags: 4, stream: 3, payload: block).bytes
        let first =
            continued
            ? RawFrame(type: 1, flags: 0, stream: 3, payload: half).bytes
            : Array(whole.prefix(9 + half.count))
        let second =
            continued
            ? RawFrame(type: 9, flags: 4, stream: 3, payload: rest).bytes
            : Array(whole.dropFirst(9 + half.count))
        let headers = RawFrame(type: 1, flags: 4, stream: 1, payload: block)
        let data = RawFrame(type: 0, flags: 1, stream: 1, payload: message)
        connection.send(headers.bytes + data.bytes + first)
        #expect(connection.next(type: 1)?.stream == 1)
        #expect(connection.next(type: 0)?.payload == message)
        #expect(connection.next(type: 1)?.flags == 5)
        let body = RawFrame(type: 0, flags: 1, stream: 3, payload: message)
        connection.send(second + body.bytes)
        #expect(connection.next(type: 1)?.stream == 3)
        #expect(connection.next(type: 0)?.payload == message)
        try await server.stop()
    }

    @Test func prefaceMayComeByteByByte() async throws {
        let server = try await RawServer.start()
        let port = server.listener.localAddress?.port ?? 0
        let connection = try #require(RawConnection(port: port))
        for byte in RawConnection.preface {
            connection.send([byte])
            try await Task.sleep(for: .milliseconds(1))
        }
        connection.send(RawFrame.settings)
        call(connection, stream: 1)
        #expect(connection.next(type: 0)?.payload == message)
        try await server.stop()
    }

    @Test func anythingElseIsHTTP1() async throws {
        let server = try await RawServer.start()
        let port = server.listener.localAddress?.port ?? 0
        for text in ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/1.1\r\n\r\n"] {
            let connection = try #require(RawConnection(port: port))
            connection.send(Array(text.utf8))
            #expect(connection.receive())
        }
        try await server.stop()
    }

    @Test func otherContentTypesAndMethodsAreRefused() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        var fields = request
        fields[4].1 = "text/plain"
        connection.send(RawFrame(type: 1, flags: 5, stream: 1, payload: headerBlock(fields)))
        let first = try #require(connection.next(type: 1))
        #expect(first.flags & 1 == 1)
        #expect(contains(first.payload, "415"))
        fields = request
        fields[0].1 = "PUT"
        connection.send(RawFrame(type: 1, flags: 5, stream: 3, payload: headerBlock(fields)))
        #expect(contains(try #require(connection.next(type: 1)).payload, "405"))
        call(connection, stream: 5)
        #expect(connection.next(type: 0)?.payload == message)
        try await server.stop()
    }

    /// Finds digits in a header block, plain or Huffman-coded (5 bits for 0, 1, 2; 6 for 4, 5).
    private func contains(_ payload: [UInt8], _ digits: String) -> Bool {
        let codes: [Character: String] = ["0": "00000", "1": "00001", "4": "011010", "5": "011011"]
        let searched = digits.compactMap { codes[$0] }.joined()
        let bits = payload.map { byte in
            String(repeating: "0", count: byte.leadingZeroBitCount.clamped(7))
                + String(byte, radix: 2)
        }.joined()
        return bits.contains(searched) || String(decoding: payload, as: UTF8.self).contains(digits)
    }

    @Test func earlyRefusalResetsTheStream() async throws {
        let server = try await RawServer.start { $0.receiveBytesMax = 1 }
        let connection = try open(server)
        call(connection, stream: 1, ends: false)
        #expect(connection.next(type: 1)?.flags == 5)
        #expect(connection.next(type: 3)?.payload == [0, 0, 0, 0])
        try await server.stop()
    }

    @Test func pingsTooCloseAreTooManyPings() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        for index in 0..<4 { connection.send(RawFrame.ping(UInt8(index))) }
        let goAway = try #require(connection.next(type: 7))
        #expect(Array(goAway.payload[4..<8]) == [0, 0, 0, 11])
        #expect(Array(goAway.payload[8...]) == Array("too_many_pings".utf8))
        #expect(connection.nextFrame() == nil)
        try await server.stop()
    }

    @Test func threePingsAndPingsAfterDataAreForgiven() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        for index in 0..<3 { connection.send(RawFrame.ping(UInt8(index))) }
        for index in 0..<3 { #expect(connection.next(type: 6)?.payload[0] == UInt8(index)) }
        for stream in [1, 3, 5, 7] as [UInt32] {
            call(connection, stream: stream)
            #expect(connection.next(type: 0) != nil)
            connection.send(RawFrame.ping(1))
            #expect(connection.next(type: 6) != nil)
        }
        try await server.stop()
    }

    @Test func silentPeerIsPingedAndClosed() async throws {
        let server = try await RawServer.start {
            $0.http2.keepalive.pingInterval = .milliseconds(500)
            $0.http2.keepalive.pingTimeout = .milliseconds(500)
        }
        let connection = try open(server)
        let ping = try #require(connection.next(type: 6))
        #expect(ping.flags == 0)
        #expect(connection.nextFrame() == nil)
        try await server.stop()
    }

    @Test func resetFloodEndsTheConnection() async throws {
        let server = try await RawServer.start {
            $0.http2.resetBurst = 100
            $0.http2.resetsPerSecond = 10
        }
        let connection = try open(server)
        var stream: UInt32 = 1
        for _ in 0..<1000 {
            let headers = RawFrame(
                type: 1, flags: 4, stream: stream, payload: headerBlock(request))
            let reset = RawFrame(type: 3, stream: stream, payload: [0, 0, 0, 8])
            guard connection.send(headers.bytes + reset.bytes) else { break }
            stream += 2
        }
        #expect(connection.next(type: 7) != nil)
        try await server.stop()
    }

    @Test func continuationFloodEndsTheConnection() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        connection.send(RawFrame(type: 1, stream: 1, payload: headerBlock(request)))
        for _ in 0..<1_200 {
            let more = RawFrame(type: 9, stream: 1, payload: headerBlock([("x", "y")]))
            guard connection.send(more) else { break }
        }
        connection.send(RawFrame(type: 9, flags: 4, stream: 1))
        #expect(connection.next(type: 7)?.payload[4..<8] == [0, 0, 0, 1])
        #expect(connection.nextFrame() == nil)
        try await server.stop()
    }

    @Test func headersAboveTheLimitResetTheirStream() async throws {
        let server = try await RawServer.start { $0.http2.headerListBytesMax = 64 << 10 }
        let connection = try open(server)
        let field = ("big", String(repeating: "v", count: 15_000))
        // Each field counts 32 bytes more than its size.
        let small = [(String, String)](repeating: ("x", "y"), count: 200)
        connection.send(RawFrame(type: 1, flags: 1, stream: 1, payload: headerBlock(request)))
        for index in 0..<5 {
            let more = index == 4 ? small : [field]
            connection.send(
                RawFrame(
                    type: 9, flags: index == 4 ? 4 : 0, stream: 1, payload: headerBlock(more)))
        }
        #expect(connection.next(type: 3).map { [$0.stream, UInt32($0.payload[3])] } == [1, 6])
        call(connection, stream: 3)
        #expect(connection.next(type: 0)?.payload == message)
        try await server.stop()
    }

    @Test func drainSendsDebugDataAndServesStreamsInFlight() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        call(connection, stream: 1)
        #expect(connection.next(type: 0)?.payload == message)
        let drained = server.server.drain(on: server.group.any())
        let debugData = Array("graceful_stop".utf8)
        let notice = try #require(connection.next(type: 7))
        #expect(notice.payload == [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0] + debugData)
        let ping = try #require(connection.next(type: 6))
        call(connection, stream: 3)
        #expect(connection.next(type: 0)?.stream == 3)
        connection.send(RawFrame(type: 6, flags: 1, payload: ping.payload))
        let last = try #require(connection.next(type: 7))
        #expect(last.payload == [0, 0, 0, 3, 0, 0, 0, 0] + debugData)
        try await drained.get()
        try await server.stop()
    }

    @Test func settingsFloodOfANonReaderIsBounded() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        let burst = [[UInt8]](repeating: RawFrame.settings.bytes, count: 1000).flatMap { $0 }
        for _ in 0..<200 {
            guard connection.send(burst) else { break }
        }
        let next = try open(server)
        call(next, stream: 1)
        #expect(next.next(type: 0)?.payload == message)
        try await server.stop()
    }

    @Test(arguments: [
        RawFrame(type: 0, stream: 1, payload: [1]),
        RawFrame(type: 0, stream: 0, payload: [1]),
        RawFrame(type: 1, flags: 5, stream: 2, payload: headerBlock(request)),
        RawFrame(type: 1, flags: 5, stream: 1, payload: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        RawFrame(type: 4, payload: [1, 2, 3]),
        RawFrame(type: 6, payload: [1]),
        RawFrame(type: 8, payload: [0, 0, 0, 0]),
        RawFrame(type: 9, stream: 1, payload: [1]),
        RawFrame(type: 3, stream: 1, payload: [0, 0, 0, 8]),
    ])
    func malformedFramesEndOnlyTheirConnection(_ frame: RawFrame) async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        connection.send(frame)
        #expect(connection.next(type: 7) != nil)
        #expect(connection.nextFrame() == nil)
        let next = try open(server)
        call(next, stream: 1)
        #expect(next.next(type: 0)?.payload == message)
        try await server.stop()
    }
}

extension Int {
    fileprivate func clamped(_ limit: Int) -> Int { Swift.min(self, limit) }
}
