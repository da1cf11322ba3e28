import NIOCore
import NIOPosix
import TLS

/// A client that sends and receives text.
struct TextClient {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    static func connect(to listener: any Channel, tls: TLSClient? = nil) async throws -> TextClient
    {
        guard let address = listener.localAddress else { throw ChannelError.unknownLocalAddress }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    _ = try tls?.connection(to: "localhost").add(to: channel)
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return TextClient(channel: channel)
    }

    func send(_ text: String) async throws {
        try await channel.channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    /// What arrives until the server closes.
    func rest() async throws -> String {
        var text = ""
        do {
            try await channel.executeThenClose { inbound, _ in
                for try await bytes in inbound { text += String(buffer: bytes) }
            }
        } catch is IOError {
            // The server has closed a connection with unread bytes.
        }
        return text
    }

    /// The first bytes that arrive.
    func first() async throws -> String? {
        try await channel.executeThenClose { inbound, _ in
            for try await bytes in inbound { return String(buffer: bytes) }
            return nil
        }
    }

    func close() async throws {
        try? await channel.channel.close().get()
    }
}
