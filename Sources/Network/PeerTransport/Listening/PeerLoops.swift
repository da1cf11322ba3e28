package import NIOCore
package import NIOPosix
import Synchronization

/// The event loops of peer connections.
///
/// A member's messages travel on connections that the other members have opened, so accepted
/// connections carry heartbeats. Handshakes, also those of strangers, and the decryption of
/// snapshots take much time. So new ones never share a loop with a stream:
///
/// - New connections are accepted on the *handshake loop*, where requests are handled too.
/// - When a member begins a stream on it, or a snapshot begins to arrive, the loop becomes that of
///   the stream or transfer: another loop listens in its place. It closes kept-alive connections,
///   and unfinished handshakes above `unfinishedHandshakesMax`.
/// - A loop whose streams and transfers have ended is used again. Each loop is a thread, created
///   when it is first needed.
///
/// Own connections to other members run on the dialing loop, snapshots are sent on another one.
///
/// Thread-safe.
package final class PeerLoops: Sendable {
    /// Listens on an event loop, which also handles the accepted connections.
    package typealias Listen = @Sendable (any EventLoop) -> EventLoopFuture<any Channel>

    /// The loop of connections that this member opens, except those that send snapshots.
    package let dialing: MultiThreadedEventLoopGroup
    let state: Mutex<State>

    struct State {
        var table: PeerLoopTable
        /// By the numbers of the table.
        var threads: [MultiThreadedEventLoopGroup]
        var transfers: MultiThreadedEventLoopGroup?
        var listeners: [Listener] = []
        /// Accepted connections whose handshake is not finished, oldest first, by loop.
        var unfinished: [ObjectIdentifier: [any Channel]] = [:]
        var isStopped = false

        /// The loop that accepts now; an earlier one while the thread of a new one starts.
        var handshakeLoop: any EventLoop {
            threads[min(table.handshakeLoop, threads.count - 1)].any()
        }

        func number(of loop: any EventLoop) -> Int? {
            threads.firstIndex { $0.any() === loop }
        }
    }

    struct Listener {
        let listen: Listen
        /// nil while it moves.
        var channel: (any Channel)?
        var isOpening = false
    }

    /// Streams of 15 other members, all received snapshots, and the handshake loop. At this limit
    /// streams share their loop with handshakes.
    private static let loopsMax = 48
    /// Handshakes that a loop finishes after its first stream has begun: the other streams of a
    /// starting cluster are usually among them. One takes about a millisecond, once.
    static let unfinishedHandshakesMax = 16
    /// When to try again to listen on another loop.
    static let retryTime = TimeAmount.seconds(1)

    /// - Parameter separatesHandshakes: false if no connection is encrypted: one loop, the dialing
    ///   one, is enough for all but snapshots.
    package init(separatesHandshakes: Bool, loopsMax: Int = PeerLoops.loopsMax) {
        dialing = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        state = Mutex(
            State(
                table: PeerLoopTable(loopsMax: separatesHandshakes ? loopsMax : 1),
                threads: [
                    separatesHandshakes
                        ? MultiThreadedEventLoopGroup(numberOfThreads: 1) : dialing
                ]))
    }

    /// The loop on which snapshots are sent.
    package var transfers: any EventLoop {
        let existing = state.withLock { $0.transfers }
        if let existing { return existing.any() }
        let new = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let used = state.withLock { state in
            if state.transfers == nil { state.transfers = new }
            return state.transfers ?? new
        }
        if used !== new { new.shutdownGracefully { _ in } }
        return used.any()
    }

    /// The loop that accepts now.
    var handshakeLoop: any EventLoop { state.withLock { $0.handshakeLoop } }

    /// Number of loops of accepted connections.
    var count: Int { state.withLock { $0.threads.count } }

    /// Closes the loops. All connections must be closed before.
    package func shutdown() async {
        let groups = state.withLock { state in
            state.isStopped = true
            return state.threads + (state.transfers.map { [$0] } ?? [])
        }
        for group in groups where group !== dialing { try? await group.shutdownGracefully() }
        try? await dialing.shutdownGracefully()
    }
}

// Uses of the loops. A loop that is not one of these, in a test, may be used for everything.
extension PeerLoops {
    /// A connection was accepted and its handshake is not finished. Called on its event loop.
    package func accepted(_ channel: any Channel) {
        let loop = ObjectIdentifier(channel.eventLoop)
        state.withLock { $0.unfinished[loop, default: []].append(channel) }
        channel.closeFuture.whenComplete { _ in self.handshakeFinished(channel) }
    }

    /// The handshake of a connection has finished, or it is closed.
    func handshakeFinished(_ channel: any Channel) {
        let loop = ObjectIdentifier(channel.eventLoop)
        state.withLock { state in
            if let position = state.unfinished[loop]?.firstIndex(where: { $0 === channel }) {
                state.unfinished[loop]?.remove(at: position)
            }
        }
    }

    /// Whether a connection may use its loop for long.
    enum Admission {
        /// The loop has transfers that would disturb a stream: its connection has to be closed, the
        /// next one is accepted on another loop.
        case refused
        /// If the handshakes were moved to another loop, kept-alive connections on this one have
        /// to be closed.
        case admitted(movesHandshakes: Bool)
    }

    /// Begins a use of a connection's loop. Called on that loop.
    func begin(_ use: PeerLoopTable.Use, on loop: any EventLoop) -> Admission {
        let decision = state.withLock { state in
            state.number(of: loop).map { state.table.begin(use, on: $0) } ?? .accepted
        }
        switch decision {
        case .refused: return .refused
        case .accepted: return .admitted(movesHandshakes: false)
        case .acceptedMovingHandshakes(let number):
            moveHandshakes(to: number)
            if use == .stream { closeUnfinished(on: loop) }
            return .admitted(movesHandshakes: true)
        }
    }

    func end(_ use: PeerLoopTable.Use, on loop: any EventLoop) {
        state.withLock { state in
            if let number = state.number(of: loop) { state.table.end(use, on: number) }
        }
    }

    /// Whether the loop carries streams: short exchanges on it have to end.
    func isForStreams(_ loop: any EventLoop) -> Bool {
        state.withLock { state in
            state.number(of: loop).map { state.table.isForStreams($0) } ?? false
        }
    }

    /// Only the handshake loop itself moves the handshakes, so that one move is made at a time.
    private func moveHandshakes(to number: Int) {
        if state.withLock({ $0.threads.count == number }) {
            let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            state.withLock { $0.threads.append(thread) }
        }
        let (loop, count) = state.withLock { ($0.threads[number].any(), $0.listeners.count) }
        for listener in 0..<count { move(listener, to: loop) }
    }

    private func closeUnfinished(on loop: any EventLoop) {
        let excess = state.withLock { state in
            state.unfinished[ObjectIdentifier(loop)]?.dropFirst(Self.unfinishedHandshakesMax) ?? []
        }
        for channel in excess { channel.close(promise: nil) }
    }
}
