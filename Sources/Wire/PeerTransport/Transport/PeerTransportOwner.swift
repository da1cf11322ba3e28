package import NIOCore
package import Raft

/// The member that a transport works for. Called on event loops: nothing here may block, except
/// where it says otherwise.
package protocol PeerTransportOwner: AnyObject, Sendable {
    /// Messages to this member, in the order of their channel; proposals and read requests too.
    func receive(_ messages: [Raft.Message])
    /// A message to the member was lost.
    func reportUnreachable(_ id: MemberID)
    /// The snapshot for the member has arrived there, or not.
    func reportSnapshot(_ id: MemberID, isDelivered: Bool)
    /// Another member says that this one was removed from the cluster for good.
    func wasRemoved()
    /// Whether the member was removed from the cluster. May be asked on any thread.
    func isRemoved(_ id: MemberID) -> Bool
    /// Opens a place for the database of an incoming snapshot. Called on the transport's own
    /// threads, may block.
    func beginSnapshot(_ message: Raft.Message) throws -> any SnapshotDestination
    /// The snapshot's database is in its place and durable.
    func receiveSnapshot(_ message: Raft.Message)
    /// What a log should tell.
    func note(_ event: PeerEvent)
}

/// Answers a request on the peer listener that is not the transport's own;
/// `PeerResponse.notFound` for unknown paths.
package typealias PeerAnswering =
    @Sendable (PeerRequest, any EventLoop) -> EventLoopFuture<PeerResponse>

/// A database that is sent as a snapshot. Used on the transport's own threads, one call at a time.
package protocol SnapshotSource: Sendable {
    var sizeBytes: Int { get }
    /// Fills the memory from the offset on as far as it goes.
    ///
    /// - Returns: The bytes read, 0 only at the end.
    func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws -> Int
    /// The time to wait before the next piece, after one of this size has gone out: the member has
    /// other work. One call at a time.
    func rest(afterBytes bytes: Int) -> TimeAmount
    /// Called once, whatever came of the snapshot.
    func close()
}

/// A place for a received database. Used on the transport's own threads, one call at a time; ends
/// with `finish`, or with `abandon`, which also follows a `finish` that failed.
package protocol SnapshotDestination: Sendable {
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Makes what was written durable and gives it its name.
    func finish() throws
    func abandon()
}
