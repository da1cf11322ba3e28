import NIOCore
import NIOPosix
import Testing

@testable import PeerTransport

/// Connections from an address that was chosen (`PeerDialing.localAddress`).
@Suite struct LocalAddressTests {
    @Test func aRequestComesFromTheLocalAddress() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await CannedServer(
            response: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", group: group)
        for address in ["127.0.0.3", nil] {
            let dialing = PeerDialing(
                localAddress: try address.map { try SocketAddress(ipAddress: $0, port: 0) })
            let response = try await PeerClient.request(
                url: "http://127.0.0.1:\(server.port)", path: "/version", timeout: .seconds(10),
                group: group, dialing: dialing)
            #expect(response.status == 200)
        }
        #expect(server.callers.addresses.withLock { $0 } == ["127.0.0.3", "127.0.0.1"])
        await server.stop()
        try await group.shutdownGracefully()
    }
}
