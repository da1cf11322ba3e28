import EtcdAPI
import Identifiers
import NIOCore
import PeerTransport
import Raft
import Testing

/// Peers that hang, do not read or send invalid responses.
@Suite("Misbehaving peers")
struct StallTests {
    private static func reasons(_ delegate: RecordingDelegate) -> [String] {
        delegate.read { record in
            record.events.compactMap {
                switch $0 {
                case .streamLost(_, _, _, let reason), .dialFailed(_, _, let reason): reason
                default: nil
                }
            }
        }
    }

    private func check(response: String, gives reason: String) async throws {
        let member = try await TestMember(1) { $0.readTimeout = .milliseconds(400) }
        let server = try await CannedServer(response: response, group: member.group)
        member.transport.addPeer(MemberID(2), urls: ["http://127.0.0.1:\(server.port)"])
        let delegate = member.delegate
        #expect(try await eventually { Self.reasons(delegate).contains(reason) })
        await server.stop()
        try await member.stop()
    }

    private static let head =
        "HTTP/1.1 200 OK\r\nX-Server-Version: 3.5.1\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func peerThatNeverRespondsTimesOut() async throws {
        try await check(response: "", gives: "read: i/o timeout")
    }

    @Test func streamThatStopsRespondingTimesOut() async throws {
        try await check(response: Self.head + "1\r\n\u{0}\r\n", gives: "read: i/o timeout")
    }

    @Test func invalidStreamIsClosed() async throws {
        try await check(
            response: Self.head + "1\r\n\u{7}\r\n",
            gives: "failed to parse type 7 in msgappv2 stream")
    }

    @Test func refusalsHaveDistinctReasons() async throws {
        func refusal(_ status: String, _ text: String) -> String {
            "HTTP/1.1 \(status)\r\nX-Server-Version: 3.5.1\r\nContent-Length: "
                + "\(text.utf8.count)\r\n\r\n\(text)"
        }
        try await check(
            response: refusal("412 Precondition Failed", "cluster ID mismatch\n"),
            gives: "cluster ID mismatch")
        try await check(
            response: refusal("404 Not Found", "error sender not found\n"),
            gives: "peer 2 failed to find local node 1")
        try await check(response: refusal("500 Oh", "no\n"), gives: "unhandled http status 500")
    }

    @Test func peerThatDoesNotReadFillsTheQueueAndTimesOut() async throws {
        let member = try await TestMember(1) {
            $0.limits.streamQueueMessagesMax = 16
            $0.writeTimeout = .seconds(10)
        }
        member.transport.addPeer(MemberID(2), urls: ["http://127.0.0.1:1"])
        let connection = try await RawConnection(
            port: member.port, group: member.group,
            sending:
                "GET /raft/stream/msgapp/2 HTTP/1.1\r\nHost: a\r\nX-Server-Version: 3.5.1\r\n"
                + "X-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: c1\r\nX-Raft-To: 1\r\n\r\n")
        #expect(try await eventually { connection.text.hasPrefix("HTTP/1.1 200") })
        try await connection.stopReading()
        let entry = Entry(
            term: Term(1), index: LogIndex(1), data: [UInt8](repeating: 1, count: 1 << 20))
        let message = Raft.Message(
            type: .append, to: MemberID(2), from: MemberID(1), term: Term(1), entries: [entry])
        let delegate = member.delegate
        // The kernel's buffers accept some; then the queue fills and the rest is dropped.
        #expect(
            try await eventually {
                member.transport.send([message])
                return delegate.read { record in
                    record.events.contains {
                        if case .sendingDropped(.append, _, .queueFull, _) = $0 {
                            true
                        } else {
                            false
                        }
                    }
                }
            })
        #expect(try await eventually { Self.reasons(delegate).contains("write: i/o timeout") })
        await connection.close()
        try await member.stop()
    }
}
