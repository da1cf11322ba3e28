import Synchronization

/// Counts the bytes of requests in memory, of all connections to the peer listener together.
///
/// Senders that are not members have a part of their own, so that they cannot use up that of the
/// members. Thread-safe.
final class BufferedRequests: Sendable {
    /// The bytes of one connection.
    struct Share: Equatable, Sendable {
        fileprivate(set) var bytes = 0
        fileprivate let isStranger: Bool

        /// - Parameter isStranger: whether the sender is not a member.
        init(isStranger: Bool = false) { self.isStranger = isStranger }
    }

    private struct Totals {
        var all = 0
        var strangers = 0
    }

    private let bytesMax: Int
    private let strangerBytesMax: Int
    private let totals = Mutex(Totals())

    init(limits: PeerTransportLimits) {
        bytesMax = limits.bufferedRequestBytesMax
        strangerBytesMax = limits.bufferedStrangerBytesMax
    }

    /// The bytes of all connections.
    var bytes: Int { totals.withLock { $0.all } }

    /// Adds bytes to a share; false, without a change, if that exceeds a limit.
    func add(_ bytes: Int, to share: inout Share) -> Bool {
        let isStranger = share.isStranger
        let isAdded = totals.withLock { totals in
            guard totals.all + bytes <= bytesMax,
                !isStranger || totals.strangers + bytes <= strangerBytesMax
            else { return false }
            totals.all += bytes
            if isStranger { totals.strangers += bytes }
            return true
        }
        if isAdded { share.bytes += bytes }
        return isAdded
    }

    /// Removes all bytes of a share.
    func remove(_ share: inout Share) {
        guard share.bytes > 0 else { return }
        let removed = share
        totals.withLock { totals in
            totals.all -= removed.bytes
            if removed.isStranger { totals.strangers -= removed.bytes }
        }
        share = Share()
    }
}

/// The event loop of a connection is used for a stream or a snapshot of another one now.
struct PeerLoopMoved: Sendable {}
