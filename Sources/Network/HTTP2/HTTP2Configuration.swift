package import MonotonicClock

/// Limits and timeouts of an HTTP/2 endpoint.
///
/// Each limit bounds a resource that a peer could exhaust otherwise. Sizes are in
/// bytes.
package struct HTTP2Configuration: Sendable {
    /// Streams that a peer may have open at once; nil announces no limit, etcd's default.
    package var concurrentStreamsMax: UInt32?
    /// Streams of a connection above which new ones are refused if no limit is announced.
    package var openStreamsMax = 20_000
    /// Receive window of each stream: larger than most requests, which then need no update. A
    /// larger message gets its updates as it arrives.
    package var streamWindowBytes: Int32 = 1 << 20
    /// Receive window of the whole connection.
    package var connectionWindowBytes: Int32 = 16 << 20
    /// Memory that one connection may occupy: unsent output, requests until they are served, kept
    /// headers, open streams. At the limit a call that needs more fails; at three quarters of it
    /// new streams are refused.
    package var connectionBytesMax = 256 << 20
    /// Memory of all connections of a server together. Each may grow to a quarter of what is left.
    package var processBytesMax = 1 << 30
    /// Memory that each connection may occupy even if nothing is left for all.
    package var connectionBytesMin = 64 << 10
    /// Counted for each open stream in addition to its buffers.
    package var streamBytes = 1_536
    /// Size of names and values of a header block; a stream with a larger one is reset.
    package var headerListBytesMax = 16 << 20
    /// Size of the header fields that the layer above keeps of all open streams; a stream that
    /// exceeds it is reset. HPACK repeats a field of 4 KiB by one byte.
    package var keptHeaderBytesMax = 16 << 20
    /// Frames of one header block: a little more than the largest block needs.
    package var headerFramesMax = 1_100
    /// Output written to the channel between two checks of its writability.
    package var outputChunkBytes = 256 << 10
    /// Unsent stream bytes above which no further input is read while the socket is full.
    package var readPauseBytes = 4 << 20
    /// Open streams above which no further input is read while the socket is full.
    package var readPauseStreams = 10_000
    /// Frames queued for sending above which no further input is read while the socket is full.
    package var readPauseFrames = 20_000
    /// Bytes queued on one stream above which it counts as not writable.
    package var streamHighWatermarkBytes = 256 << 10
    /// Bytes queued on one stream at which it counts as writable again.
    package var streamLowWatermarkBytes = 64 << 10
    /// Burst of streams that may end by a reset, of either side. A watch client that cancels all
    /// its watches resets as many legitimately; a rapid reset attack (CVE-2023-44487) does not
    /// stop, nor one that makes the server reset its streams (CVE-2025-8671).
    package var resetBurst: UInt64 = 20_000
    /// Rate at which the allowance for resets refills after a burst.
    package var resetsPerSecond: UInt64 = 1_000
    /// Burst of frames that cost the peer little and open, end or fill no stream: settings, pings,
    /// priorities, window updates, empty data, continuations and unknown types.
    package var controlFrameBurst = 20_000
    /// Rate at which the allowance for these frames refills. Requests and sent data add to it.
    package var controlFramesPerSecond = 5_000
    /// Keepalive pings of this side, and enforcement for those of the peer.
    package var keepalive = HTTP2KeepaliveConfiguration()

    package init() {}
}

/// Keepalive pings and the enforcement policy for pings of the peer, as in grpc-go.
package struct HTTP2KeepaliveConfiguration: Sendable {
    /// Time without reads after which the peer is pinged; nil never pings.
    package var pingInterval: TimeSpan?
    /// Time without reads after a ping at which the connection is closed.
    package var pingTimeout = TimeSpan.seconds(20)
    /// Whether the peer is pinged while no stream is open. Servers do not allow that to clients.
    package var pingsIdlePeer = true
    /// Pings of the peer at shorter intervals are strikes; nil disables the policy (clients).
    package var peerPingIntervalMin: TimeSpan?
    /// Whether the peer may ping without open streams.
    package var permitsPingsWithoutStreams = false
    /// Allowed strikes; the next one closes the connection with `too_many_pings`.
    package var pingStrikesMax = 2
    /// Minimum interval of pings of a peer without streams (two hours in grpc-go).
    package var idlePeerPingIntervalMin = TimeSpan.seconds(2 * 3600)

    package init() {}
}
