package import NIOCore
package import Raft

/// What an operator and the cluster decide about the links to other members.
package struct PeerTransportSettings: Sendable {
    package var localID: MemberID
    package var clusterID: UInt64
    /// This member's advertised peer URLs, which every request to another member names.
    package var localURLs: [String]
    package var version = "3.7.1"
    package var minimumClusterVersion = "3.0.0"
    /// A connection that is silent for so long is cut; links are kept alive thrice as often.
    package var readTimeoutMilliseconds: Int64 = 5000
    /// A connection that takes nothing of what waits for it for so long is cut.
    package var writeTimeoutMilliseconds: Int64 = 5000
    /// etcd's: one second and the election timeout.
    package var dialTimeoutMilliseconds: Int64 = 2000
    /// Least time between two attempts to open the same stream.
    package var retryMilliseconds: Int64 = 100
    /// Time for the answer to a message that was posted.
    package var answerTimeoutMilliseconds: Int64 = 10_000
    /// Time for the body of the answer to a snapshot once its head has come.
    package var snapshotAnswerTimeoutMilliseconds: Int64 = 5000
    /// A snapshot of which nothing moves for so long has failed.
    package var snapshotStallTimeoutMilliseconds: Int64 = 60_000
    package var limits = PeerTransportLimits()
    package var measurements = PeerMeasurements()
    /// Adds TLS for the named host to an outgoing channel. Without it https URLs are unreachable.
    package var encryptOutgoing: (@Sendable (any Channel, _ host: String) throws -> Void)?

    package init(localID: MemberID, clusterID: UInt64, localURLs: [String]) {
        self.localID = localID
        self.clusterID = clusterID
        self.localURLs = localURLs
    }

    var clusterText: String { String(clusterID, radix: 16) }

    /// Two probes must fit into the time that a connection may be silent.
    var probeMilliseconds: Int64 {
        readTimeoutMilliseconds > 2000
            ? readTimeoutMilliseconds - 1000 : readTimeoutMilliseconds / 2
    }
}

/// How much may wait, and what happens then: messages are dropped and reported, requests refused.
package struct PeerTransportLimits: Sendable {
    /// Messages that wait for one stream; more are dropped and the member reported unreachable.
    package var streamQueueMessages = 4096
    /// Bytes of entries that wait for one stream; more are dropped the same way.
    package var streamQueueBytes = 256 << 20
    /// Messages that wait to be posted; more are dropped the same way.
    package var pipelineQueueMessages = 64
    package var concurrentPosts = 4
    /// Snapshots that are sent at a time; more fail at once.
    package var sendingSnapshots = 16
    /// Snapshots that are received at a time; more are refused.
    package var receivingSnapshots = 16
    /// Members known only by what they said of themselves; more are not remembered.
    package var remotes = 128
    /// Body of a posted message.
    package var postedMessageBytes = PeerWireLimit.messageBytes
    /// Body of any other request.
    package var requestBodyBytes = 4 << 20

    package init() {}
}

/// Where durations go, each in seconds. Called on event loops.
package struct PeerMeasurements: Sendable {
    package typealias Observe = @Sendable (MemberID, _ seconds: Double) -> Void

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
