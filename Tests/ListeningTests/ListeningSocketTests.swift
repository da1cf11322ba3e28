import Glibc
import Listening
import NIOCore
import Testing

/// The socket that outlives the channels that accept from it.
@Suite("Listening sockets")
struct ListeningSocketTests {
    @Test func duplicatesKeepListening() async throws {
        let socket = try ListeningSocket(SocketAddress(ipAddress: "::1", port: 0))
        #expect((socket.address.port ?? 0) > 0)
        let taken = socket.address
        #expect(throws: IOError.self) { try ListeningSocket(taken) }
        let copy = try socket.duplicate()
        #expect(copy >= 0)
        socket.close()
        #expect(throws: IOError.self) { try socket.duplicate() }
        // The copy alone keeps the port.
        #expect(throws: IOError.self) { try ListeningSocket(taken) }
        Glibc.close(copy)
        _ = try ListeningSocket(taken)
    }
}
