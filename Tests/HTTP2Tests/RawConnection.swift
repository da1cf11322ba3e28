import GRPC
import Glibc
import HTTP2
import Listening
import NIOCore
import NIOPosix
import Synchronization

/// A server on a free port with the methods U (echo), M (returns the metadata `x-a`), H (hangs),
/// L (returns 100,000 bytes) and the stream S (echo).
struct RawServer: Sendable {
    let group: MultiThreadedEventLoopGroup
    let server: GRPCServer
    /// Messages that S has received.
    let received: MessageCount
    let listener: any Channel

    /// - Parameter requests: makes the handler of the requests that are not calls.
    static func start(
        _ change: (inout GRPCServerConfiguration) -> Void = { _ in },
        requests: (@Sendable () -> any HTTP2RequestHandler)? = nil
    ) async throws -> RawServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = GRPCServerConfiguration()
        configuration.metadataNames = ["x-a"]
        change(&configuration)
        let received = MessageCount()
        let methods = [
            GRPCMethod(path: "/t.T/U", unary: { call, message in call.respond(message) }),
            GRPCMethod(
                path: "/t.T/M",
                unary: { call, _ in call.respond(Array((call.metadata.first("x-a") ?? "").utf8)) }),
            GRPCMethod(path: "/t.T/H", unary: { _, _ in }),
            GRPCMethod(
                path: "/t.T/L",
                unary: { call, _ in call.respond([UInt8](repeating: 7, count: 100_000)) }),
            GRPCMethod(
                path: "/t.T/S", kind: .bidirectional, open: { _ in StreamHandler(received) }),
        ]
        let server = GRPCServer(methods: methods, configuration: configuration, group: group)
        let listening = ListenerConfiguration(
            servesPlaintext: true, tls: nil, protocols: [.http1, .http2],
            acceptLimit: AcceptLimit(connectionsMax: 1_000), unfinished: UnfinishedConnections()
        ) { channel, opened, identity in
            switch opened {
            case .http2:
                try server.addHandlers(to: channel, identity: identity, requests: requests?())
            case .http1: try channel.pipeline.syncOperations.addHandler(EchoHandler())
            }
        }
        let listener = try await Listener(configuration: listening, group: group)
            .bind(.tcp(host: "127.0.0.1", port: 0))
        return RawServer(
            group: group, server: server, received: received, listener: listener)
    }

    func stop() async throws {
        try await listener.close().get()
        try await server.close(on: group.any()).get()
        try await group.shutdownGracefully()
    }
}

/// A number of messages, counted on an event loop and read by a test.
final class MessageCount: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
}

/// Echoes each message.
private final class StreamHandler: GRPCCallHandler {
    private let received: MessageCount

    init(_ received: MessageCount) { self.received = received }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        received.add()
        call.send(message)
    }
    func receiveHalfClose(on call: GRPCServerCall) { call.finish() }
    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}

/// Stands for HTTP/1.1: echoes the received bytes.
private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }
}

/// An HTTP/2 frame.
struct RawFrame: Equatable {
    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        let count = payload.count
        var bytes = [UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        bytes += [type, flags]
        bytes += (0..<4).map { UInt8(stream >> (24 - 8 * UInt32($0)) & 0xFF) }
        return bytes + payload
    }

    static let settings = RawFrame(type: 4)
    /// Settings with an initial stream window.
    static func settings(window: UInt32) -> RawFrame {
        RawFrame(type: 4, payload: [0, 4] + RawFrame.bytes(window))
    }
    static func windowUpdate(_ bytes: UInt32, stream: UInt32 = 0) -> RawFrame {
        RawFrame(type: 8, stream: stream, payload: RawFrame.bytes(bytes))
    }
    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
    static func ping(_ byte: UInt8) -> RawFrame {
        RawFrame(type: 6, payload: [UInt8](repeating: byte, count: 8))
    }
}

/// A blocking socket for sending invalid bytes.
final class RawConnection {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private let descriptor: CInt
    private var received: [UInt8] = []

    init?(port: Int) {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        guard result == 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Sends all bytes; false when the server has closed the connection.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ frame: RawFrame) -> Bool { send(frame.bytes) }

    /// Reads more; false at the end or after five silent seconds.
    func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        received += buffer[..<count]
        return true
    }

    /// The next frame, or nil at the end.
    func nextFrame() -> RawFrame? {
        while true {
            if received.count >= 9 {
                let count = Int(received[0]) << 16 | Int(received[1]) << 8 | Int(received[2])
                if received.count >= 9 + count { return takeFrame(count) }
            }
            guard receive() else { return nil }
        }
    }

    private func takeFrame(_ count: Int) -> RawFrame {
        let stream = received[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let payload = Array(received[9..<9 + count])
        let frame = RawFrame(
            type: received[3], flags: received[4], stream: stream, payload: payload)
        received.removeFirst(9 + count)
        return frame
    }

    /// The next frame of this type; nil at the end of the connection.
    func next(type: UInt8) -> RawFrame? {
        while let frame = nextFrame() {
            if frame.type == type { return frame }
        }
        return nil
    }

    /// All bytes until the server closes the connection.
    func rest() -> [UInt8] {
        while receive() {}
        return received
    }
}

/// Header fields as HPACK literals without indexing.
func headerBlock(_ fields: [(String, String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ text: String) {
        let count = text.utf8.count
        if count < 127 {
            bytes.append(UInt8(count))
        } else {
            bytes.append(127)
            var left = count - 127
            while left >= 128 {
                bytes.append(UInt8(left & 127 | 128))
                left >>= 7
            }
            bytes.append(UInt8(left))
        }
        bytes += Array(text.utf8)
    }
    for (name, value) in fields {
        bytes.append(0)
        append(name)
        append(value)
    }
    return bytes
}
