import NIOCore
import Testing

@testable import PeerTransport

/// Requests to other members on connections that stay open.
@Suite struct KeptConnectionsTests {
    /// The other side closes its connections between two requests.
    @Test func aConnectionThatWasClosedIsReplaced() async throws {
        let own = try await TestMember(2)
        let connections = KeptConnections(
            on: own.group.any(), .init(dialing: PeerDialing()))
        var port = 0
        for _ in 0..<3 {
            let member = try await TestMember(1, port: port)
            port = member.port
            for _ in 0..<3 {
                let response = try await connections.post(
                    [1, 2], "/echo", headers: [:], to: member.url, within: .seconds(30)
                ).get()
                #expect(String(decoding: response.body, as: UTF8.self) == "POST  2")
            }
            try await member.stop()
        }
        await #expect(throws: PeerConnectionError.self) {
            try await connections.post(
                [], "/echo", headers: [:], to: "http://127.0.0.1:\(port)", within: .seconds(30)
            ).get()
        }
        await #expect(throws: PeerConnectionError.self) {
            try await connections.post(
                [], "/echo", headers: [:], to: "nowhere", within: .seconds(30)
            ).get()
        }
        try await own.stop()
    }
}
