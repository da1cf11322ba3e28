import EtcdServer
internal import Identifiers
internal import NIOCore
internal import NIOEmbedded
internal import NIOPosix
internal import PeerTransport
internal import Raft
internal import Synchronization

/// Feeds bytes from any client to a connection of the peer listener. The first byte chooses how the
/// input is split, and a valid prefix.
package func fuzzPeerRequests(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    FuzzedListener.lock.withLock { _ in
        feed(input.dropFirst(), choice)
    }
}

private func feed(_ input: Slice<UnsafeRawBufferPointer>, _ choice: UInt8) {
    let loop = EmbeddedEventLoop()
    let channel = EmbeddedChannel(loop: loop)
    do {
        try FuzzedListener.transport.configure(channel: channel, identity: .plaintext) {
            $1.makeSucceededFuture(.notFound)
        }
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let beginning = FuzzedListener.beginnings[
            Int(choice & 7) % FuzzedListener.beginnings.count]
        if !beginning.isEmpty { try channel.writeInbound(ByteBuffer(string: beginning)) }
        let pieceBytes = Int(choice >> 3) + 1
        let bytes = UnsafeRawBufferPointer(rebasing: input)
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            let end = min(start + pieceBytes, bytes.count)
            try channel.writeInbound(ByteBuffer(bytes: bytes[start..<end]))
        }
        loop.advanceTime(by: .seconds(30))
    } catch {
        // A connection may be refused or closed at any byte.
        _ = error
    }
    // A stream that was opened must be gone before another loop opens it.
    _ = try? channel.finish(acceptAlreadyClosed: true)
    loop.run()
}

/// One transport for all inputs. It accepts no snapshot databases: those would go to other threads,
/// which the embedded loop does not support.
private enum FuzzedListener {
    /// Serializes the inputs of concurrent tests: each loop belongs to one thread.
    static let lock = Mutex(())

    static let transport: PeerTransport = {
        var configuration = PeerTransportConfiguration(
            localID: MemberID(1), clusterID: ClusterID(0xC1), localURLs: ["http://127.0.0.1:1"])
        configuration.limits.receivingSnapshotsMax = 0
        configuration.limits.remotesMax = 4
        configuration.limits.postedMessageBytesMax = 1 << 20
        configuration.limits.requestBodyBytesMax = 1000
        configuration.retryInterval = .seconds(60)
        let transport = PeerTransport(
            configuration: configuration, delegate: FuzzedDelegate(),
            group: MultiThreadedEventLoopGroup.singleton)
        // A member without a URL: its streams can be requested, but nothing is dialed.
        transport.addPeer(MemberID(2), urls: [])
        transport.setRemoved([MemberID(9)])
        return transport
    }()

    private static let headers =
        "Host: a\r\nX-Server-From: 2\r\nX-Server-Version: 3.5.1\r\n"
        + "X-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: c1\r\n"

    static let beginnings = [
        "",
        "POST /raft HTTP/1.1\r\n\(headers)Transfer-Encoding: chunked\r\n\r\n",
        "POST /raft HTTP/1.1\r\n\(headers)Content-Length: 20\r\n\r\n",
        "POST /raft/snapshot HTTP/1.1\r\n\(headers)Content-Length: 100\r\n\r\n",
        "POST /raft/snapshot HTTP/1.1\r\n\(headers)Transfer-Encoding: chunked\r\n\r\n",
        "GET /raft/stream/msgapp/2 HTTP/1.1\r\n\(headers)X-Raft-To: 1\r\n\r\n",
        "GET /raft/stream/",
    ]
}

/// Accepts everything and never responds.
private final class FuzzedDelegate: PeerTransportDelegate {
    struct SnapshotRefused: Error {}

    func receive(_ messages: [Raft.Message]) {}
    func reportUnreachable(_ id: MemberID) {}
    func reportSnapshot(_ id: MemberID, isDelivered: Bool) {}
    func wasRemoved() {}
    func isRemoved(_ id: MemberID) -> Bool { false }
    func beginSnapshot(_ message: Raft.Message) throws -> any SnapshotDestination {
        throw SnapshotRefused()
    }
    func receiveSnapshot(_ message: Raft.Message) {}
    func record(_ event: PeerEvent) {}
}
