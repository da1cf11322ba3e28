import Testing

@testable import PeerTransport

/// The bytes of requests in memory, counted over all connections.
@Suite("Requests in memory")
struct BufferedRequestsTests {
    private let requests: BufferedRequests

    init() {
        var limits = PeerTransportLimits()
        limits.bufferedRequestBytesMax = 100
        limits.bufferedStrangerBytesMax = 30
        requests = BufferedRequests(limits: limits)
    }

    @Test func bytesAboveTheLimitAreRefusedWithoutAChange() {
        var share = BufferedRequests.Share()
        #expect(requests.add(60, to: &share))
        #expect(requests.add(40, to: &share))
        #expect(!requests.add(1, to: &share))
        #expect(share.bytes == 100 && requests.bytes == 100)
    }

    @Test func removedBytesMayBeUsedByOthers() {
        var first = BufferedRequests.Share()
        var second = BufferedRequests.Share()
        #expect(requests.add(100, to: &first))
        #expect(!requests.add(1, to: &second))
        requests.remove(&first)
        #expect(first.bytes == 0 && requests.bytes == 0)
        #expect(requests.add(100, to: &second))
        // Nothing is left to remove.
        requests.remove(&first)
        #expect(requests.bytes == 100)
    }

    @Test func strangersHaveAPartOfTheirOwn() {
        var stranger = BufferedRequests.Share(isStranger: true)
        var another = BufferedRequests.Share(isStranger: true)
        var member = BufferedRequests.Share()
        #expect(requests.add(20, to: &stranger))
        #expect(!requests.add(11, to: &another))
        #expect(requests.add(10, to: &another))
        #expect(requests.add(70, to: &member))
        #expect(requests.bytes == 100)
        requests.remove(&stranger)
        #expect(requests.add(20, to: &member))
        // Members may use everything; strangers wait for them too.
        #expect(!requests.add(1, to: &another))
        requests.remove(&member)
        #expect(requests.add(20, to: &another))
        #expect(requests.bytes == 30)
    }

    /// A request of somebody who is no member, of which only `body` is sent.
    private func request(_ body: String, lengthBytes: Int) -> String {
        """
        POST /raft HTTP/1.1\r
        Host: a\r
        X-Server-Version: 3.5.1\r
        X-Min-Cluster-Version: 3.0.0\r
        X-Etcd-Cluster-ID: c1\r
        X-Raft-To: 1\r
        Content-Length: \(lengthBytes)\r
        \r
        \(body)
        """
    }

    @Test func unfinishedRequestCountsUntilItEnds() async throws {
        let member = try await TestMember(1) { $0.limits.bufferedStrangerBytesMax = 20 }
        let transport = member.transport
        let slow = try await RawConnection(
            port: member.port, group: member.group, sending: request("0123456789", lengthBytes: 20))
        #expect(try await eventually { transport.bufferedRequests.bytes == 10 })
        let refused = try await RawConnection(
            port: member.port, group: member.group, sending: request("0123456789a", lengthBytes: 11)
        )
        #expect(
            try await eventually {
                refused.text.hasPrefix("HTTP/1.1 503") && refused.text.contains("too many requests")
            })
        await slow.close()
        #expect(try await eventually { transport.bufferedRequests.bytes == 0 })
        // Complete and small enough, but no message.
        let served = try await RawConnection(
            port: member.port, group: member.group, sending: request("\u{8}", lengthBytes: 1))
        #expect(try await eventually { served.text.hasPrefix("HTTP/1.1 400") })
        await served.close()
        await refused.close()
        try await member.stop()
    }
}
