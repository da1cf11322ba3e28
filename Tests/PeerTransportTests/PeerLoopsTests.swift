import Identifiers
import NIOCore
import Raft
import Testing

@testable import PeerTransport

/// The loops of accepted connections, on real sockets.
@Suite("Event loops of peer connections")
struct PeerLoopsTests {
    private static let head =
        "Host: a\r\nX-Server-From: 2\r\nX-Server-Version: 3.5.1\r\n"
        + "X-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: c1\r\n"

    private static func stream(_ kind: String = "msgapp") -> String {
        "GET /raft/stream/\(kind)/2 HTTP/1.1\r\n\(head)X-Raft-To: 1\r\n\r\n"
    }

    private static let probe = "GET /raft/probing HTTP/1.1\r\nHost: a\r\n\r\n"

    /// A member whose only other member is the test.
    private static func member() async throws -> TestMember {
        let member = try await TestMember(1) { $0.retryInterval = .seconds(60) }
        member.transport.addPeer(MemberID(2), urls: [])
        return member
    }

    private static func isResponded(_ connection: RawConnection) async throws -> Bool {
        try await eventually { connection.text.hasPrefix("HTTP/1.1 200") }
    }

    @Test func membersConnectAndShareNoLoopWithHandshakes() async throws {
        let members = try await TestMember.cluster(of: 3)
        for member in members {
            let delegate = member.delegate
            #expect(
                try await eventually {
                    delegate.read { record in
                        record.events.count { event in
                            if case .streamEstablished(_, _, .outgoing) = event {
                                true
                            } else {
                                false
                            }
                        }
                    } >= 4
                })
            #expect((2...5).contains(member.loops.count))
            let url = member.url
            // Served by the new handshake loop.
            let response = try await PeerClient.request(
                url: url, path: "/loop", timeout: .seconds(10), group: member.group)
            #expect(response.status == 404)
        }
        for member in members { try await member.stop() }
    }

    @Test func streamEndsKeptAliveConnectionsOnItsLoop() async throws {
        let member = try await Self.member()
        let kept = try await RawConnection(
            port: member.port, group: member.group, sending: Self.probe)
        #expect(try await Self.isResponded(kept))
        #expect(!kept.isEnded)
        let stream = try await RawConnection(
            port: member.port, group: member.group, sending: Self.stream())
        #expect(try await Self.isResponded(stream))
        #expect(try await eventually { kept.isEnded })
        #expect(!stream.isEnded)
        await stream.close()
        try await member.stop()
    }

    @Test func loopOfEndedStreamsIsUsedAgain() async throws {
        let member = try await Self.member()
        for round in 0..<6 {
            let stream = try await RawConnection(
                port: member.port, group: member.group,
                sending: Self.stream(round % 2 == 0 ? "msgapp" : "message"))
            #expect(try await Self.isResponded(stream))
            await stream.close()
            let status = member.transport
            #expect(
                try await eventually {
                    status.statistics.first { $0.id == MemberID(2) }?.statistics.disconnections
                        == round + 1
                })
        }
        #expect(member.loops.count <= 3)
        try await member.stop()
    }

    @Test func snapshotsTakeTheHandshakeLoop() async throws {
        let members = try await TestMember.cluster(of: 2)
        let (sender, receiver) = (members[0].delegate, members[1].delegate)
        #expect(
            try await eventually {
                receiver.read { record in
                    record.events.count { event in
                        if case .streamEstablished(_, _, .outgoing) = event { true } else { false }
                    }
                } >= 2
            })
        let loops = members[1].loops.count
        let source = TestSource(sizeBytes: 4 << 20)
        let message = Raft.Message(
            type: .snapshot, to: MemberID(2), from: MemberID(1), term: Term(3),
            snapshot: Snapshot(
                index: LogIndex(140), term: Term(3), confState: ConfState(voters: [MemberID(1)]),
                data: Array("{}".utf8)))
        for round in 1...3 {
            members[0].transport.sendSnapshot(message, database: source)
            #expect(try await eventually { sender.read { $0.snapshotReports.count } == round })
            #expect(sender.read { $0.snapshotReports.last?.isDelivered } == true)
        }
        #expect(members[1].loops.count <= loops + 1)
        for member in members { try await member.stop() }
    }
}
