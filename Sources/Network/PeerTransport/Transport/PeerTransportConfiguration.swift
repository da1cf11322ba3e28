package import Identifiers
package import MonotonicClock

/// Configuration of the connections to other members.
package struct PeerTransportConfiguration: Sendable {
    package var localID: MemberID
    package var clusterID: ClusterID
    /// This member's advertised peer URLs, sent with every request to another member.
    package var localURLs: [String]
    package var version = "3.7.1"
    package var clusterVersionMin = "3.0.0"
    /// A connection without input is closed after this time; link heartbeats are sent three times
    /// as often.
    package var readTimeout = TimeSpan.seconds(5)
    /// A connection that makes no progress in writing is closed after this time.
    package var writeTimeout = TimeSpan.seconds(5)
    /// As in etcd: one second plus the election timeout.
    package var dialTimeout = TimeSpan.seconds(2)
    /// Minimum time between two attempts to open the same stream.
    package var retryInterval = TimeSpan.milliseconds(100)
    /// Timeout of the response to a posted message.
    package var responseTimeout = TimeSpan.seconds(10)
    /// Timeout of the response body to a snapshot after its head has arrived.
    package var snapshotResponseTimeout = TimeSpan.seconds(5)
    /// A snapshot without progress fails after this time.
    package var snapshotStallTimeout = TimeSpan.seconds(60)
    package var limits = PeerTransportLimits()
    package var measurements = PeerMeasurements()
    package var dialing = PeerDialing()

    package init(localID: MemberID, clusterID: ClusterID, localURLs: [String]) {
        self.localID = localID
        self.clusterID = clusterID
        self.localURLs = localURLs
    }

    var dialLimits: OutgoingConnection.DialLimits {
        OutgoingConnection.DialLimits(connect: dialTimeout)
    }

    var clusterText: String { clusterID.description }

    /// Less than the read timeout, so that an idle kept-alive connection stays open.
    var probeInterval: TimeSpan {
        readTimeout > .seconds(2) ? readTimeout - .seconds(1) : readTimeout / 2
    }
}

/// Limits. Above them messages are dropped and reported, and requests are refused.
package struct PeerTransportLimits: Sendable {
    /// Messages queued for one stream; more are dropped and the member is reported unreachable.
    package var streamQueueMessagesMax = 4096
    /// Bytes of entries queued for one stream; more are dropped the same way.
    package var streamQueueBytesMax = 256 << 20
    /// Messages queued to be posted; more are dropped the same way.
    package var pipelineQueueMessagesMax = 64
    package var concurrentPostsMax = 4
    /// Snapshots sent concurrently; more fail at once.
    package var sendingSnapshotsMax = 16
    /// Snapshots received concurrently; more are refused.
    package var receivingSnapshotsMax = 16
    /// Members known only by their own requests; more are not registered.
    package var remotesMax = 128
    /// Body size of a posted message.
    package var postedMessageBytesMax = PeerWireLimit.messageBytes
    /// Bytes of requests in memory, of all connections to the peer listener together; more are
    /// refused. Streams and databases of snapshots are not among them.
    package var bufferedRequestBytesMax = PeerWireLimit.messageBytes
    /// The part of them that is available to senders that are not members.
    package var bufferedStrangerBytesMax = 32 << 20
    /// Body size of any other request.
    package var requestBodyBytesMax = 4 << 20

    package init() {}
}

/// Callbacks for durations. Called on event loops.
package struct PeerMeasurements: Sendable {
    package typealias Observe = @Sendable (MemberID, TimeSpan) -> Void

    package var roundTrip: Observe
    package var snapshotSent: Observe
    package var snapshotReceived: Observe

    package init(
        roundTrip: @escaping Observe = { _, _ in },
        snapshotSent: @escaping Observe = { _, _ in },
        snapshotReceived: @escaping Observe = { _, _ in }
    ) {
        self.roundTrip = roundTrip
        self.snapshotSent = snapshotSent
        self.snapshotReceived = snapshotReceived
    }
}
