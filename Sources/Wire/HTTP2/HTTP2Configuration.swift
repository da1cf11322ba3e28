/// The limits and timings of one HTTP/2 endpoint.
///
/// Each value bounds something a peer could otherwise make grow. Times are in milliseconds,
/// sizes in bytes.
package struct HTTP2Configuration: Sendable {
    /// Streams a peer may have open at once; nil announces no limit, as etcd does by default.
    package var maxConcurrentStreams: UInt32?
    /// Receive window of each stream: more than the largest request, so one never waits.
    package var streamWindowBytes: Int32 = 1 << 20
    /// Receive window of the whole connection.
    package var connectionWindowBytes: Int32 = 16 << 20
    /// Names and values of one header block; a longer one has its stream reset.
    package var maxHeaderListBytes = 16 << 20
    /// What the header blocks of all open streams may have over `freeHeaderListBytes` each; a
    /// stream that exceeds it is reset.
    package var maxLargeHeaderBytes = 16 << 20
    /// Header bytes of a stream that count for nothing.
    package var freeHeaderListBytes = 16 << 10
    /// Frames of one header block: as many as the longest one takes, and some.
    package var maxHeaderFrames = 1_100
    /// Output handed to the channel before its writability is looked at again.
    package var outputChunkBytes = 256 << 10
    /// Unsent stream bytes above which no further input is read while the socket is full.
    package var readPauseBytes = 4 << 20
    /// Open streams above which no further input is read while the socket is full.
    package var readPauseStreams = 10_000
    /// Unsent stream bytes above which new streams are refused.
    package var maxPendingBytes = 256 << 20
    /// Bytes queued on one stream above which it counts as not writable.
    package var streamHighWatermarkBytes = 256 << 10
    /// Bytes queued on one stream at which it counts as writable again.
    package var streamLowWatermarkBytes = 64 << 10
    /// Stream resets a peer may send at once. A watch client that cancels all its watches is
    /// honest; a reset flood (CVE-2023-44487) goes on and on.
    package var resetBurst: UInt64 = 10_000
    /// Stream resets that a peer gets back each second after a burst.
    package var resetsPerSecond: UInt64 = 1_000
    /// When and how idle peers are probed, and how their probes are policed.
    package var keepalive = HTTP2KeepaliveConfiguration()

    package init() {}
}

/// Keepalive pings, ours and theirs, by the rules of grpc-go.
package struct HTTP2KeepaliveConfiguration: Sendable {
    /// Silence after which we ping the peer; nil never pings.
    package var pingIntervalMilliseconds: Int64?
    /// Silence after our ping at which the connection is given up.
    package var pingTimeoutMilliseconds: Int64 = 20_000
    /// Pings closer together than this are strikes; nil polices nothing (clients).
    package var minimumPeerIntervalMilliseconds: Int64?
    /// Whether a peer may ping while it has no stream open.
    package var permitsPingsWithoutStreams = false
    /// Strikes forgiven; the next one ends the connection with `too_many_pings`.
    package var maxPingStrikes = 2
    /// Least time between pings of a peer without streams (grpc-go allows one in two hours).
    package var idlePeerIntervalMilliseconds: Int64 = 2 * 3600 * 1000

    package init() {}
}
