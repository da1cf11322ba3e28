package import Identifiers
package import MonotonicClock
package import NIOCore
package import Raft

/// Delegate of a peer transport: the member. Called on event loops: no method may block, except
/// where noted.
package protocol PeerTransportDelegate: AnyObject, Sendable {
    /// Receives messages to this member, in the order of their queue, including proposals and read
    /// requests.
    func receive(_ messages: [Raft.Message])
    /// A message to the member was lost.
    func reportUnreachable(_ id: MemberID)
    /// Sending a snapshot to the member finished or failed.
    func reportSnapshot(_ id: MemberID, isDelivered: Bool)
    /// Another member responded that this one was permanently removed from the cluster.
    func wasRemoved()
    /// Whether the member was removed from the cluster. Called on any thread.
    func isRemoved(_ id: MemberID) -> Bool
    /// Opens the destination for the database of an incoming snapshot. Called on the transport's
    /// own threads, may block.
    func beginSnapshot(_ message: Raft.Message) throws -> any SnapshotDestination
    /// The snapshot's database is durable.
    func receiveSnapshot(_ message: Raft.Message)
    /// Records an event, to be logged.
    func record(_ event: PeerEvent)
}

/// Handles a request on the peer listener that the transport does not handle itself; returns
/// `PeerResponse.notFound` for unknown paths.
package typealias PeerRequestHandler =
    @Sendable (PeerRequest, any EventLoop) -> EventLoopFuture<PeerResponse>

/// A database that is sent as a snapshot. Used on the transport's own threads, one call at a time.
package protocol SnapshotSource: Sendable {
    var sizeBytes: Int { get }
    /// Reads from the offset into the buffer, as many bytes as fit or are available.
    ///
    /// - Returns: The number of bytes read, 0 only at the end.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// The delay before the next chunk after one of this size was sent, to limit the load on the
    /// member. One call at a time.
    func delay(afterBytes bytes: Int) -> TimeSpan
    /// Called once, after the last `read`, whether the snapshot was sent or failed.
    func close()
}

/// The destination of a received database. Used on the transport's own threads, one call at a time.
/// The last call is `finish`, or `abandon`, which also follows a failed `finish`.
package protocol SnapshotDestination: Sendable {
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Makes the written data durable and renames it to its final name.
    func finish() throws
    func abandon()
}
