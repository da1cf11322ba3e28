import GRPC
import HTTP2
import NIOCore
import NIOPosix
import Testing

/// Counts messages without keeping them and checks the pattern of `PatternSource`.
private final class CountingClient: GRPCClientCallHandler {
    var messages = 0
    var bytes = 0
    var isPatternCorrect = true
    let done: EventLoopPromise<GRPCStatus>

    init(done: EventLoopPromise<GRPCStatus>) {
        self.done = done
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        messages += 1
        bytes += message.count
        for index in stride(from: 0, to: message.count, by: 4099) {
            if message[index] != UInt8(index % 251) { isPatternCorrect = false }
        }
    }
    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        done.succeed(status)
    }
}

@Suite struct FlowControlTests {
    @Test func slowReaderBoundsTheServersMemory() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let stream = client.openStream(path: "/test.Echo/Flood")
        stream.send(Array("2000".utf8))
        stream.halfClose()
        try await Task.sleep(for: .milliseconds(300))
        var count = 0
        for try await message in stream.messages {
            #expect(message.count == 16 << 10)
            #expect(message[0] == UInt8(truncatingIfNeeded: count))
            count += 1
        }
        #expect(count == 2000)
        let most = try await server.read { $0.mostBufferedBytes }
        #expect(most <= (256 << 10) + (17 << 10))
        try await server.stop()
    }

    @Test func largeResponseIsGeneratedOnDemand() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let done = client.eventLoop.makePromise(of: GRPCStatus.self)
        let size = 64 << 20
        let result = client.eventLoop.flatSubmit {
            let handler = CountingClient(done: done)
            let call = client.openCall(path: "/test.Echo/Large", handler: handler)
            call.send(Array("\(size)".utf8))
            call.halfClose()
            return done.futureResult.map { ($0, handler.bytes, handler.isPatternCorrect) }
        }
        let (status, bytes, isPatternCorrect) = try await result.get()
        #expect(status == .ok)
        #expect(bytes == size)
        #expect(isPatternCorrect)
        try await server.stop()
    }

    @Test func unreadLargeResponseWaitsForItsReader() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let done = client.eventLoop.makePromise(of: GRPCStatus.self)
        let call = try await client.eventLoop.submit {
            let handler = CountingClient(done: done)
            let call = client.openCall(path: "/test.Echo/Large", handler: handler)
            call.pauseReceiving()
            call.send(Array("\(64 << 20)".utf8))
            call.halfClose()
            return call
        }.get()
        try await Task.sleep(for: .milliseconds(300))
        // One window of 1 MiB and the piece after it, no more.
        #expect(try await server.read { $0.largestPieces } <= 18)
        client.eventLoop.execute { call.resumeReceiving() }
        #expect(try await done.futureResult.get() == .ok)
        try await server.stop()
    }

    @Test func messagesAreDeliveredAfterTheLastOfSeveralPauses() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let stream = client.openStream(path: "/test.Echo/Pausing")
        stream.send([1])
        stream.send([2])
        stream.halfClose()
        var received: [[UInt8]] = []
        for try await message in stream.messages { received.append(message) }
        #expect(received == [[1], [], [2]])
        try await server.stop()
    }

    @Test func sixHundredWatchesAreCancelledOnOneConnection() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        for repetition in 1...4 {
            let streams = (0..<600).map { _ in client.openStream(path: "/test.Echo/HangStream") }
            for stream in streams { stream.send([1]) }
            _ = try await client.unary(path: "/test.Echo/Unary", message: []).get()
            for stream in streams { stream.cancel() }
            let expected = repetition * 600
            #expect(try await server.waitUntil { $0.cancelled == expected })
        }
        _ = try await client.unary(path: "/test.Echo/Unary", message: []).get()
        try await server.stop()
    }

    @Test func callsAboveTheStreamLimitWait() async throws {
        let server = try await EchoServer.start { $0.http2.concurrentStreamsMax = 2 }
        let client = try await server.connect()
        _ = try await client.unary(path: "/test.Echo/Unary", message: []).get()
        let responses = (0..<50).map { _ in client.unary(path: "/test.Echo/Unary", message: [1]) }
        for response in responses { #expect(try await response.get() == [1]) }
        let first = client.openStream(path: "/test.Echo/HangStream")
        let second = client.openStream(path: "/test.Echo/HangStream")
        let third = client.unary(
            path: "/test.Echo/Unary", message: [3], timeout: .milliseconds(100))
        await #expect(throws: GRPCStatus.deadlineExceeded) { try await third.get() }
        first.cancel()
        second.cancel()
        _ = try await client.unary(path: "/test.Echo/Unary", message: []).get()
        try await server.stop()
    }

    @Test func drainingLetsOpenCallsEnd() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let stream = client.openStream(path: "/test.Echo/Bidi")
        stream.send([1])
        let messages = stream.messages.makeAsyncIterator()
        #expect(try await messages.next() == [1])
        let drained = server.server.drain(on: server.group.any())
        // Wait until the client has received the GOAWAY.
        while try await client.eventLoop.submit({ client.isUsable }).get() {
            try await Task.sleep(for: .milliseconds(5))
        }
        stream.send([2])
        #expect(try await messages.next() == [2])
        stream.halfClose()
        #expect(try await messages.next() == nil)
        try await drained.get()
        try await server.stop()
    }
}
