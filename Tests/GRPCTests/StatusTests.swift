import GRPC
import MonotonicClock
import NIOCore
import Testing

@Suite struct StatusTests {
    private func status(
        _ client: GRPCClientConnection, _ path: String, _ message: [UInt8] = [],
        metadata: [(String, String)] = [], timeout: TimeSpan? = nil
    ) async throws -> GRPCStatus {
        do {
            _ = try await client.unary(
                path: path, message: message, metadata: metadata,
                timeout: timeout
            ).get()
            return .ok
        } catch let status as GRPCStatus {
            return status
        }
    }

    @Test func unknownPathsAreRefusedWithTheTextsOfGo() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let cases = [
            ("/test.Echo/Nope", "unknown method Nope for service test.Echo"),
            ("/no.Such/Unary", "unknown service no.Such"),
            ("/a/b/c", "unknown service a/b"),
            ("/nope", "malformed method name: \"/nope\""),
            ("nope", "malformed method name: \"nope\""),
        ]
        for (path, text) in cases.dropLast() {
            let status = try await status(client, path)
            #expect(status == GRPCStatus(.unimplemented, text))
        }
        try await server.stop()
    }

    /// nghttp2 sends at most 64 KiB of headers: such a call ends, and others go on.
    @Test func headersThatCannotBeSentEndTheirCall() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let long = [("long", String(repeating: "v", count: 70_000))]
        #expect(try await status(client, "/test.Echo/Unary", metadata: long).code == .unavailable)
        let next = try await status(client, "/test.Echo/Unary")
        #expect(next == .ok)
        try await server.stop()
    }

    @Test func statusMessageSurvivesPercentEncoding() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        for text in ["plain", "50 % of\nit\u{7f}", "grüße \u{1F600}", ""] {
            let status = try await status(client, "/test.Echo/Fail", Array(text.utf8))
            #expect(status == GRPCStatus(.failedPrecondition, text))
        }
        try await server.stop()
    }

    @Test func messageAboveTheLimitIsRefused() async throws {
        let server = try await EchoServer.start { $0.receiveBytesMax = 2_097_152 }
        let client = try await server.connect()
        let exact = [UInt8](repeating: 1, count: 2_097_152)
        #expect(try await status(client, "/test.Echo/Unary", exact) == .ok)
        let tooMuch = try await status(client, "/test.Echo/Unary", exact + [1])
        let text = "grpc: received message larger than max (2097153 vs. 2097152)"
        #expect(tooMuch == GRPCStatus(.resourceExhausted, text))
        #expect(try await status(client, "/test.Echo/Unary", [1]) == .ok)
        try await server.stop()
    }

    @Test func responseAboveTheClientsLimitEndsTheCall() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect { $0.receiveBytesMax = 1000 }
        let status = try await status(
            client, "/test.Echo/Unary", [UInt8](repeating: 1, count: 1001))
        #expect(status.code == .resourceExhausted)
        try await server.stop()
    }

    @Test func unknownCompressionsAreRefused() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let status = try await status(
            client, "/test.Echo/Unary", metadata: [("grpc-encoding", "deflate")])
        let text = "grpc: Decompressor is not installed for grpc-encoding \"deflate\""
        #expect(status == GRPCStatus(.unimplemented, text))
        try await server.stop()
    }

    @Test func deadlineEndsTheCallOnBothSides() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let start = ContinuousClock.now
        let status = try await status(client, "/test.Echo/Hang", timeout: .milliseconds(100))
        #expect(status == .deadlineExceeded)
        #expect(ContinuousClock.now - start < .seconds(30))
        #expect(try await server.waitUntil { $0.timedOut + $0.cancelled == 1 })
        try await server.stop()
    }

    @Test func serverEnforcesTheDeadline() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let status = try await status(
            client, "/test.Echo/Hang", metadata: [("grpc-timeout", "50m")])
        #expect(status == .deadlineExceeded)
        #expect(try await server.read { $0.timedOut } == 1)
        try await server.stop()
    }

    @Test(arguments: [
        ("x", "timeout string is too short: \\\"x\\\""),
        ("1234567890S", "timeout string is too long: \\\"1234567890S\\\""),
        ("12x", "timeout unit is not recognized: \\\"12x\\\""),
    ])
    func malformedTimeoutIsRefused(_ value: String, _ complaint: String) async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let status = try await status(
            client, "/test.Echo/Unary", metadata: [("grpc-timeout", value)])
        let plain = complaint.split(separator: "\\").joined()
        #expect(status == GRPCStatus(.internal, "malformed grpc-timeout: transport: " + plain))
        try await server.stop()
    }

    @Test func lostConnectionEndsCallsAsUnavailable() async throws {
        let server = try await EchoServer.start()
        let client = try await server.connect()
        let hanging = client.unary(path: "/test.Echo/Hang", message: [])
        _ = try await client.unary(path: "/test.Echo/Unary", message: []).get()
        try await server.server.close(on: server.group.any()).get()
        await #expect(throws: GRPCStatus.self) { try await hanging.get() }
        #expect(try await server.read { $0.lost } == 1)
        let late = try await status(client, "/test.Echo/Unary")
        #expect(late.code == .unavailable)
        try await server.stop()
    }
}
