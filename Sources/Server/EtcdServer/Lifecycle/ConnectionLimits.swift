/// Connections that a member accepts at once.
struct ConnectionLimits {
    var clientConnectionsMax = 10_000
    var peerConnectionsMax = 512
}
