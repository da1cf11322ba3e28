/// What each event loop of accepted peer connections carries, and which one is the handshake loop;
/// a value without threads.
///
/// - The handshake loop has neither streams nor transfers, except at the limit on the number of
///   loops: then it does not move, and takes both.
/// - No stream begins on a loop with transfers: its connection is closed, and the member dials
///   again.
/// - A transfer begins on a loop with streams only on a connection that was accepted before the
///   handshakes moved. It is not refused, since a snapshot is costly to make again.
/// - There is at most one loop for each stream and transfer, and the handshake loop.
struct PeerLoopTable: Sendable {
    /// What a connection does for long.
    enum Use: Sendable {
        /// Sends messages to a member, heartbeats among them.
        case stream
        /// Receives the database of a snapshot.
        case transfer
    }

    enum Decision: Equatable, Sendable {
        /// The loop has transfers, which a stream must not share it with.
        case refused
        case accepted
        /// New connections belong on another loop from now on; it may be one that does not exist
        /// yet, with the next number.
        case acceptedMovingHandshakes(to: Int)
    }

    private struct Load {
        var streams = 0
        var transfers = 0
        var isFree: Bool { streams == 0 && transfers == 0 }
    }

    private var loads = [Load()]
    private let loopsMax: Int
    private(set) var handshakeLoop = 0

    init(loopsMax: Int) {
        precondition(loopsMax > 0, "a table has at least one loop")
        self.loopsMax = loopsMax
    }

    var count: Int { loads.count }

    /// Whether the loop carries streams and takes no new connections.
    func isForStreams(_ loop: Int) -> Bool { loop != handshakeLoop && loads[loop].streams > 0 }

    mutating func begin(_ use: Use, on loop: Int) -> Decision {
        switch use {
        case .stream:
            guard loads[loop].transfers == 0 || loop == handshakeLoop else { return .refused }
            loads[loop].streams += 1
        case .transfer: loads[loop].transfers += 1
        }
        return loop == handshakeLoop ? moveHandshakes() : .accepted
    }

    mutating func end(_ use: Use, on loop: Int) {
        switch use {
        case .stream: loads[loop].streams -= 1
        case .transfer: loads[loop].transfers -= 1
        }
        precondition(
            loads[loop].streams >= 0 && loads[loop].transfers >= 0, "a use ends once")
    }

    private mutating func moveHandshakes() -> Decision {
        if let free = loads.firstIndex(where: \.isFree) {
            handshakeLoop = free
        } else if loads.count < loopsMax {
            loads.append(Load())
            handshakeLoop = loads.count - 1
        } else {
            return .accepted
        }
        return .acceptedMovingHandshakes(to: handshakeLoop)
    }
}
