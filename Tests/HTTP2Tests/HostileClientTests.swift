import GRPC
import NIOCore
import Testing

/// Clients that make a server keep memory: each is refused at a limit, and others are served.
@Suite struct HostileClientTests {
    private let message: [UInt8] = [0, 0, 0, 0, 2, 7, 8]

    private func open(_ server: RawServer, window: UInt32? = nil) throws -> RawConnection {
        let connection = try #require(RawConnection(port: server.listener.localAddress?.port ?? 0))
        let settings = window.map { RawFrame.settings(window: $0) } ?? RawFrame.settings
        connection.send(RawConnection.preface + settings.bytes)
        // The server's windows apply once they are acknowledged.
        #expect(connection.next(type: 4) != nil)
        connection.send(RawFrame(type: 4, flags: 1))
        return connection
    }

    private func fields(_ path: String) -> [(String, String)] {
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "t"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
    }

    private func headers(
        _ path: String, stream: UInt32, more: [UInt8] = [], flags: UInt8 = 4
    ) -> [UInt8] {
        RawFrame(
            type: 1, flags: flags, stream: stream, payload: headerBlock(fields(path)) + more
        ).bytes
    }

    /// Whether a new connection is served.
    private func isServed(_ server: RawServer) throws -> Bool {
        let connection = try open(server)
        let data = RawFrame(type: 0, flags: 1, stream: 1, payload: message)
        connection.send(headers("/t.T/U", stream: 1) + data.bytes)
        return connection.next(type: 0)?.payload == message
    }

    /// The client allows no responses: of 252 KB of messages the server handles at most those whose
    /// responses fit below the high watermark of 20 KB.
    @Test func aStreamThatIsNotReadReceivesNoMessages() async throws {
        let server = try await RawServer.start {
            $0.http2.streamHighWatermarkBytes = 20_000
            $0.http2.streamLowWatermarkBytes = 5_000
        }
        let connection = try open(server, window: 0)
        connection.send(headers("/t.T/S", stream: 1))
        let messages = (0..<36_000).flatMap { number -> [UInt8] in
            [0, 0, 0, 0, 2, UInt8(number >> 8), UInt8(number & 255)]
        }
        for start in stride(from: 0, to: messages.count, by: 16_384) {
            let piece = messages[start..<min(start + 16_384, messages.count)]
            connection.send(RawFrame(type: 0, stream: 1, payload: Array(piece)))
        }
        connection.send(RawFrame(type: 0, flags: 1, stream: 1))
        connection.send(RawFrame.ping(1))
        #expect(connection.next(type: 6) != nil)
        let handled = server.received.value
        #expect(handled > 0 && handled * 7 <= 20_007)
        // The client reads: it gets all responses in order, and the end.
        connection.send(RawFrame.windowUpdate(1 << 20))
        connection.send(RawFrame.windowUpdate(1 << 20, stream: 1))
        var echoed: [UInt8] = []
        while let frame = connection.nextFrame() {
            if frame.type == 0 { echoed += frame.payload }
            if frame.type == 1, frame.flags & 1 == 1 { break }
        }
        let isWhole = echoed == messages
        #expect(isWhole)
        #expect(server.received.value == 36_000)
        try await server.stop()
    }

    /// A field of 4 KiB in the table costs one byte for each stream: 1 MB of kept headers is the
    /// limit here, and each stream counts.
    @Test func repeatedHeadersAreKeptUpToALimit() async throws {
        let server = try await RawServer.start {
            $0.http2.keptHeaderBytesMax = 1 << 20
            $0.http2.resetBurst = 100
            $0.http2.resetsPerSecond = 1
        }
        let connection = try open(server)
        var field = headerBlock([("x-a", String(repeating: "v", count: 4_000))])
        field[0] = 0x40
        connection.send(headers("/t.T/H", stream: 1, more: field))
        for index in 1..<1000 as Range<UInt32> {
            guard connection.send(headers("/t.T/H", stream: 1 + 2 * index, more: [0x80 | 62]))
            else { break }
        }
        let reset = try #require(connection.next(type: 3))
        #expect(reset.payload == [0, 0, 0, 11] && reset.stream > 2 * 250)
        #expect(connection.next(type: 7)?.payload[4..<8] == [0, 0, 0, 11])
        #expect(try isServed(server))
        try await server.stop()
    }

    /// A field that the server does not read costs nothing: 60 copies of 4 KB on each stream.
    @Test func unreadHeadersAreNotKept() async throws {
        let server = try await RawServer.start { $0.http2.keptHeaderBytesMax = 100 }
        let connection = try open(server)
        var field = headerBlock([("other", String(repeating: "v", count: 4_000))])
        field[0] = 0x40
        connection.send(headers("/t.T/H", stream: 1, more: field))
        for index in 1..<200 as Range<UInt32> {
            let copies = [UInt8](repeating: 0x80 | 62, count: 60)
            connection.send(headers("/t.T/H", stream: 1 + 2 * index, more: copies))
        }
        connection.send(RawFrame.ping(1))
        while let frame = connection.nextFrame(), frame.type != 6 { #expect(frame.type != 3) }
        try await server.stop()
    }

    /// Requests of 2 MiB of which 160 KB are sent, one after the other: new ones are refused.
    @Test func halfSentRequestsAreRefusedAtTheLimitOfTheirConnection() async throws {
        let server = try await RawServer.start { $0.http2.connectionBytesMax = 4 << 20 }
        let connection = try open(server)
        for index in 0..<100 as Range<UInt32> {
            let stream = 1 + 2 * index
            connection.send(headers("/t.T/U", stream: stream) + beginning(stream).bytes)
            for _ in 0..<10 { connection.send(piece(stream)) }
        }
        let refusal = try #require(connection.next(type: 3))
        #expect(refusal.payload == [0, 0, 0, 7])
        #expect(refusal.stream / 2 <= 4 << 20 / 160_000)
        #expect(try isServed(server))
        try await server.stop()
    }

    /// The same requests, sent at the same time: those that exceed the limit fail.
    @Test func halfSentRequestsFailAtTheLimitOfTheirConnection() async throws {
        let server = try await RawServer.start { $0.http2.connectionBytesMax = 4 << 20 }
        let connection = try open(server)
        let streams = (0..<100).map { UInt32(1 + 2 * $0) }
        for stream in streams {
            connection.send(headers("/t.T/U", stream: stream) + beginning(stream).bytes)
        }
        for _ in 0..<10 {
            for stream in streams { connection.send(piece(stream)) }
        }
        let refusal = try #require(connection.next(type: 1))
        #expect(HeaderDecoder().fields(refusal.payload)["grpc-status"] == "8")
        #expect(try isServed(server))
        try await server.stop()
    }

    /// The first bytes of a message of 2 MiB.
    private func beginning(_ stream: UInt32) -> RawFrame {
        RawFrame(type: 0, stream: stream, payload: [0, 0, 0x20, 0, 0])
    }

    private func piece(_ stream: UInt32) -> RawFrame {
        RawFrame(type: 0, stream: stream, payload: [UInt8](repeating: 1, count: 16_000))
    }

    /// Connections share the limit of the process: together they never reach it.
    @Test func allConnectionsAreBoundedTogether() async throws {
        let limit = 40 << 20
        let server = try await RawServer.start { $0.http2.processBytesMax = limit }
        var connections: [RawConnection] = []
        for _ in 0..<10 {
            let connection = try open(server, window: 0)
            for index in 0..<100 as Range<UInt32> {
                let data = RawFrame(type: 0, flags: 1, stream: 1 + 2 * index, payload: message)
                connection.send(headers("/t.T/L", stream: data.stream) + data.bytes)
            }
            connection.send(RawFrame.ping(1))
            #expect(connection.next(type: 6) != nil)
            connections.append(connection)
        }
        let occupied = server.server.occupiedBytes
        #expect(occupied > limit / 2 && occupied < limit)
        #expect(try isServed(server))
        connections.removeAll()
        try await server.stop()
        #expect(server.server.occupiedBytes < 2 << 20)
    }

    @Test func streamsAboveTheLimitAreRefused() async throws {
        let server = try await RawServer.start { $0.http2.openStreamsMax = 10 }
        let connection = try open(server)
        for index in 0..<11 as Range<UInt32> {
            connection.send(headers("/t.T/H", stream: 1 + 2 * index))
        }
        #expect(connection.next(type: 3) == RawFrame(type: 3, stream: 21, payload: [0, 0, 0, 7]))
        try await server.stop()
    }

    /// The server resets each stream because of a bad frame (CVE-2025-8671).
    @Test func streamsThatTheServerResetsCount() async throws {
        let server = try await RawServer.start {
            $0.http2.resetBurst = 100
            $0.http2.resetsPerSecond = 10
        }
        let connection = try open(server)
        for index in 0..<1000 as Range<UInt32> {
            let update = RawFrame.windowUpdate(.max >> 1, stream: 1 + 2 * index)
            guard connection.send(headers("/t.T/H", stream: update.stream) + update.bytes)
            else { break }
        }
        #expect(connection.next(type: 7)?.payload[4..<8] == [0, 0, 0, 11])
        #expect(try isServed(server))
        try await server.stop()
    }

    @Test(arguments: [
        RawFrame(type: 0, stream: 1), RawFrame(type: 2, stream: 1, payload: [0, 0, 0, 0, 1]),
        RawFrame.settings, RawFrame.windowUpdate(1), RawFrame.windowUpdate(1, stream: 1),
        RawFrame(type: 6, flags: 1, payload: [0, 0, 0, 0, 0, 0, 0, 0]), RawFrame(type: 99),
    ])
    func aFloodOfControlFramesEndsTheConnection(_ frame: RawFrame) async throws {
        let server = try await RawServer.start {
            $0.http2.controlFrameBurst = 2_000
            $0.http2.controlFramesPerSecond = 10
        }
        let connection = try open(server)
        connection.send(headers("/t.T/S", stream: 1))
        let burst = [RawFrame](repeating: frame, count: 1_000).flatMap(\.bytes)
        for _ in 0..<10 {
            guard connection.send(burst) else { break }
        }
        #expect(connection.next(type: 7)?.payload[4..<8] == [0, 0, 0, 11])
        #expect(try isServed(server))
        try await server.stop()
    }

    /// A client with a small window updates it for each response: that is no flood.
    @Test func windowUpdatesForSentDataAreNoFlood() async throws {
        let server = try await RawServer.start {
            $0.http2.controlFrameBurst = 300
            $0.http2.controlFramesPerSecond = 1
        }
        let connection = try open(server, window: 100)
        let data = RawFrame(type: 0, flags: 1, stream: 1, payload: message)
        connection.send(headers("/t.T/L", stream: 1) + data.bytes)
        var count = 0
        while let frame = connection.next(type: 0), count < 100_005 {
            count += frame.payload.count
            let bytes = UInt32(frame.payload.count)
            connection.send(
                RawFrame.windowUpdate(bytes, stream: 1).bytes
                    + RawFrame.windowUpdate(bytes).bytes)
        }
        #expect(count == 100_005)
        try await server.stop()
    }

    @Test func aTextThatQuotesALongPathIsCut() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        let block = headerBlock(fields("/t.T/" + String(repeating: "%", count: 60_000)))
        for start in stride(from: 0, to: block.count, by: 16_384) {
            let end = min(start + 16_384, block.count)
            connection.send(
                RawFrame(
                    type: start == 0 ? 1 : 9, flags: end == block.count ? 4 : 0, stream: 1,
                    payload: Array(block[start..<end])))
        }
        var received: [UInt8] = []
        while let frame = connection.nextFrame() {
            guard frame.type == 1 || frame.type == 9 else { continue }
            received += frame.payload
            if frame.flags & 4 != 0 { break }
        }
        let response = HeaderDecoder().fields(received)
        #expect(response["grpc-status"] == "12")
        let text = response["grpc-message"] ?? ""
        #expect(text.hasPrefix("unknown method %25%25") && text.utf8.count > 60_000)
        try await server.stop()
    }

    /// The response repeats the content type and has more than nghttp2 sends.
    @Test func aResponseWhoseHeadersAreTooLongIsReset() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        var fields = fields("/t.T/U")
        fields[4].1 += "+" + String(repeating: "x", count: 65_500)
        let block = headerBlock(fields)
        for start in stride(from: 0, to: block.count, by: 16_384) {
            let end = min(start + 16_384, block.count)
            connection.send(
                RawFrame(
                    type: start == 0 ? 1 : 9, flags: end == block.count ? 4 : 0, stream: 1,
                    payload: Array(block[start..<end])))
        }
        connection.send(RawFrame(type: 0, flags: 1, stream: 1, payload: message))
        #expect(connection.next(type: 3) == RawFrame(type: 3, stream: 1, payload: [0, 0, 0, 2]))
        try await server.stop()
    }

    /// After a frame that is a connection error nothing is served, whatever follows it.
    @Test func nothingIsServedAfterABadFrame() async throws {
        let server = try await RawServer.start()
        let connection = try open(server)
        let bad = RawFrame(type: 4, payload: [1, 2, 3])
        let data = RawFrame(type: 0, stream: 1, payload: message)
        connection.send(bad.bytes + headers("/t.T/S", stream: 1) + data.bytes)
        for _ in 0..<100 { connection.send(data) }
        #expect(connection.next(type: 7) != nil)
        #expect(connection.nextFrame() == nil)
        #expect(server.received.value == 0)
        try await server.stop()
    }
}
