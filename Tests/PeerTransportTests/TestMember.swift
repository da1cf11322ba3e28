import Glibc
import Identifiers
import Listening
import MonotonicClock
import NIOCore
import NIOPosix
import PeerTransport
import Raft
import Synchronization
import TLS

/// A transport on real loopback sockets with a recording delegate.
final class TestMember: Sendable {
    let id: MemberID
    let delegate = RecordingDelegate()
    let transport: PeerTransport
    let loops = PeerLoops(separatesHandshakes: true)
    /// For connections of the test itself.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let port: Int
    private let socket: ListeningSocket
    /// Connections that the listener refused.
    let refusals = Mutex<[String]>([])
    let unfinished = UnfinishedConnections(countMax: 256)
    private let endpoint: TLSEndpointConfiguration?

    static let cluster = ClusterID(0xC1)

    var url: String { "\(endpoint == nil ? "http" : "https")://127.0.0.1:\(port)" }

    /// - Parameters:
    ///   - endpoint: TLS of its listener and of its dials; nil for plaintext.
    ///   - change: modifies the configuration before the transport is created.
    init(
        _ id: UInt64, port: Int = 0, endpoint: TLSEndpointConfiguration? = nil,
        change: (inout PeerTransportConfiguration) -> Void = { _ in }
    ) async throws {
        self.id = MemberID(id)
        self.endpoint = endpoint
        socket = try ListeningSocket(SocketAddress(ipAddress: "127.0.0.1", port: port))
        self.port = socket.address.port ?? 0
        var configuration = PeerTransportConfiguration(
            localID: MemberID(id), clusterID: Self.cluster,
            localURLs: ["\(endpoint == nil ? "http" : "https")://127.0.0.1:\(self.port)"])
        if let endpoint {
            configuration.dialing.tls = try TLSClient(endpoint, applicationProtocols: [])
        }
        change(&configuration)
        transport = PeerTransport(configuration: configuration, delegate: delegate, loops: loops)
        try await listen()
    }

    private func listen() async throws {
        let (transport, loops, socket) = (transport, loops, socket)
        var configuration = ListenerConfiguration(
            servesPlaintext: endpoint == nil,
            tls: try endpoint.map { try TLSServer($0, applicationProtocols: []) },
            protocols: [.http1], acceptLimit: AcceptLimit(connectionsMax: 10_000),
            unfinished: unfinished
        ) { channel, _, identity in
            try transport.configure(
                channel: channel, identity: identity, handler: RecordingDelegate.respond)
        }
        configuration.closesEncryptedSilently = false
        configuration.onAccept = { loops.accepted($0) }
        configuration.onRefusal = { [self] refused in
            refusals.withLock { $0.append(refused.refusal.text) }
        }
        let accepting = configuration
        try await loops.listen { loop in
            Listener(configuration: accepting, group: loop)
                .accept(from: socket)
        }
    }

    func stop() async throws {
        await loops.stopListening()
        socket.close()
        try await transport.stop().get()
        await loops.shutdown()
        try await group.shutdownGracefully()
    }

    /// Members with the IDs from 1 on, connected to each other.
    ///
    /// - Parameter endpoints: TLS of each member; plaintext without.
    static func cluster(
        of count: Int, endpoints: [TLSEndpointConfiguration] = [],
        change: (inout PeerTransportConfiguration) -> Void = { _ in }
    ) async throws -> [TestMember] {
        var members: [TestMember] = []
        for id in 1...count {
            members.append(
                try await TestMember(
                    UInt64(id), endpoint: endpoints.isEmpty ? nil : endpoints[id - 1],
                    change: change))
        }
        for member in members {
            for other in members where other.id != member.id {
                member.transport.addPeer(other.id, urls: [other.url])
            }
        }
        return members
    }
}

/// Records all calls.
final class RecordingDelegate: PeerTransportDelegate {
    struct Record: Sendable {
        var messages: [Raft.Message] = []
        var batches = 0
        var unreachable: [MemberID] = []
        var snapshotReports: [(id: MemberID, isDelivered: Bool)] = []
        var snapshots: [Raft.Message] = []
        var events: [PeerEvent] = []
        var timesRemoved = 0
        var removed: Set<MemberID> = []
        var destinations: [TestDestination] = []
        var saveError: TestError?
        var writeDelayMicroseconds: UInt32 = 0
    }

    let recorded = Mutex(Record())

    func read<Value: Sendable>(_ body: (Record) -> Value) -> Value {
        recorded.withLock { body($0) }
    }

    func receive(_ messages: [Raft.Message]) {
        recorded.withLock {
            $0.messages += messages
            $0.batches += 1
        }
    }
    func reportUnreachable(_ id: MemberID) { recorded.withLock { $0.unreachable.append(id) } }
    func reportSnapshot(_ id: MemberID, isDelivered: Bool) {
        recorded.withLock { $0.snapshotReports.append((id, isDelivered)) }
    }
    func wasRemoved() { recorded.withLock { $0.timesRemoved += 1 } }
    func isRemoved(_ id: MemberID) -> Bool { recorded.withLock { $0.removed.contains(id) } }
    func beginSnapshot(_ message: Raft.Message) throws -> any SnapshotDestination {
        try recorded.withLock { record in
            if let error = record.saveError { throw error }
            let destination = TestDestination(delay: record.writeDelayMicroseconds)
            record.destinations.append(destination)
            return destination
        }
    }
    func receiveSnapshot(_ message: Raft.Message) {
        recorded.withLock { $0.snapshots.append(message) }
    }
    @Sendable static func respond(
        to request: PeerRequest, on loop: any EventLoop
    ) -> EventLoopFuture<PeerResponse> {
        guard request.path == "/echo" else { return loop.makeSucceededFuture(.notFound) }
        let text = "\(request.method) \(request.query) \(request.body.count)"
        return loop.makeSucceededFuture(
            PeerResponse(
                status: 200, headers: ["Content-Type": "application/json"],
                body: Array(text.utf8)))
    }
    func record(_ event: PeerEvent) { recorded.withLock { $0.events.append(event) } }
}

struct TestError: Error, Sendable {}

/// Counts and checksums the written bytes.
final class TestDestination: SnapshotDestination {
    struct Content: Sendable {
        var bytes = 0
        var sum: UInt64 = 0
        var greatestChunk = 0
        var isFinished = false
        var isAbandoned = false
    }

    let content = Mutex(Content())
    private let delay: UInt32

    init(delay: UInt32) { self.delay = delay }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if delay > 0 { usleep(delay) }
        content.withLock { content in
            for byte in bytes { content.sum = content.sum &* 31 &+ UInt64(byte) }
            content.bytes += bytes.count
            content.greatestChunk = max(content.greatestChunk, bytes.count)
        }
    }
    func finish() throws { content.withLock { $0.isFinished = true } }
    func abandon() { content.withLock { $0.isAbandoned = true } }
}

/// A database that is generated as it is read.
final class TestSource: SnapshotSource {
    let sizeBytes: Int
    let closes = Mutex(0)

    init(sizeBytes: Int) { self.sizeBytes = sizeBytes }

    static func byte(at offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: offset &* 131 >> 3) }

    func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(memory.count, sizeBytes - offset)
        for position in 0..<count { memory[position] = Self.byte(at: offset + position) }
        return count
    }
    func delay(afterBytes bytes: Int) -> TimeSpan { .zero }
    func close() { closes.withLock { $0 += 1 } }

    /// Compares the written bytes with the read ones; in chunks, so that other tests proceed.
    func matches(_ content: TestDestination.Content) async -> Bool {
        var sum: UInt64 = 0
        for start in stride(from: 0, to: sizeBytes, by: 1 << 20) {
            for offset in start..<min(start + (1 << 20), sizeBytes) {
                sum = sum &* 31 &+ UInt64(Self.byte(at: offset))
            }
            await Task.yield()
        }
        return content.bytes == sizeBytes && content.sum == sum
    }
}

/// Waits until the condition holds; returns false after a timeout.
func eventually(
    seconds: Double = 60, _ condition: @Sendable () async -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
        if await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return await condition()
}
