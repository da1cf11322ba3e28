import Identifiers
import PeerTransport
import Raft
import TestSupport
import Testing

/// A real etcd leads; the transport acts as a learner that was added to it.
@Suite("Real etcd as peer", .serialized)
struct InteroperabilityTests {
    @Test(.enabled(if: RealEtcd.programs != nil))
    func realLeaderStreamsAndSendsItsDatabase() async throws {
        // 3.5 keeps 5000 entries before its newest snapshot: only then it must send a snapshot.
        let etcd = try RealEtcd(flags: ["--snapshot-count", "100"])
        defer { etcd.stop() }
        #expect(try await etcd.control("put first value") == "OK\n")
        #expect(try await etcd.put(5500) == "done\n")
        let port = try freePort()
        let url = "http://127.0.0.1:\(port)"
        let added = try await etcd.control("member add ours --learner --peer-urls=\(url)")
        // Member 9bf1b35fc7761a23 added to cluster 5c3c7cbf8e7ba8ae
        let words = added.split(whereSeparator: { $0 == " " || $0 == "\n" })
        let ours = try #require(UInt64(words[1], radix: 16), "\(added)")
        let cluster = try #require(UInt64(words[5], radix: 16), "\(added)")
        let members = try await etcd.control("member list").split(separator: "\n")
        let started = try #require(members.first { $0.contains(", started,") })
        let leader = try #require(UInt64(started.prefix { $0 != "," }, radix: 16))

        let member = try await TestMember(ours, port: port) { $0.clusterID = ClusterID(cluster) }
        member.transport.addPeer(MemberID(leader), urls: [etcd.peerURL])
        let delegate = member.delegate
        try await expectStreams(leader, member)
        try await rejectUntilSnapshot(ours, leader, member)
        try await followAppends(ours, leader, member, etcd)
        #expect(member.transport.activeSince(MemberID(leader)) != nil)
        let remote = "Remote=\"\(member.id)\"} 1"
        #expect(
            try await etcd.metrics().split(separator: "\n").contains {
                $0.hasPrefix("etcd_network_active_peers") && $0.hasSuffix(remote)
            })
        #expect(delegate.read { $0.timesRemoved } == 0)

        _ = try await etcd.control("member remove \(member.id)")
        try #require(try await eventually { delegate.read { $0.timesRemoved } > 0 })
        try await member.stop()
    }

    /// Streams of both kinds in both directions, and heartbeats of the leader.
    private func expectStreams(_ leader: UInt64, _ member: TestMember) async throws {
        let delegate = member.delegate
        let peer = MemberID(leader)
        for kind in PeerStreamKind.allCases {
            for direction in [PeerStreamDirection.incoming, .outgoing] {
                try #require(
                    try await eventually {
                        delegate.read { $0.events }
                            .contains(.streamEstablished(peer, kind, direction))
                    })
            }
        }
        try #require(
            try await eventually {
                delegate.read { record in
                    record.messages.contains { $0.type == .heartbeat && $0.from == peer }
                }
            })
    }

    /// The leader probes the learner, whose log is empty, while the leader's log is compacted.
    private func rejectUntilSnapshot(
        _ ours: UInt64, _ leader: UInt64, _ member: TestMember
    ) async throws {
        let delegate = member.delegate
        try #require(
            try await eventually {
                _ = respond(to: leader, from: ours, member) { append, response in
                    response.index = append.index
                    response.isRejected = true
                }
                return delegate.read { !$0.snapshots.isEmpty }
            })
        let snapshot = try #require(delegate.read { $0.snapshots.first })
        #expect(snapshot.snapshot?.confState.learners == [MemberID(ours)])
        let content = try #require(delegate.read { $0.destinations.first }).content.withLock { $0 }
        #expect(content.isFinished)
        #expect(content.bytes > 0 && content.bytes % 4096 == 0)
    }

    /// After the snapshot, entries arrive on the append stream.
    private func followAppends(
        _ ours: UInt64, _ leader: UInt64, _ member: TestMember, _ etcd: RealEtcd
    ) async throws {
        let delegate = member.delegate
        let snapshot = try #require(delegate.read { $0.snapshots.last })
        let last = snapshot.snapshot?.index ?? .zero
        member.transport.send([
            Raft.Message(
                type: .appendResponse, to: MemberID(leader), from: MemberID(ours),
                term: snapshot.term, index: last)
        ])
        let value = String(repeating: "v", count: 100_000)
        #expect(try await etcd.control("put large \(value)") == "OK\n")
        try #require(
            try await eventually {
                let messages = respond(to: leader, from: ours, member) { append, response in
                    response.index = append.entries.last?.index ?? append.index
                }
                return messages.contains { message in
                    message.entries.contains { $0.data.count > 100_000 }
                }
            })
    }

    /// Responds to the messages that have arrived, heartbeats and appends; returns them.
    private func respond(
        to leader: UInt64, from ours: UInt64, _ member: TestMember,
        toAppend complete: (_ append: Raft.Message, _ response: inout Raft.Message) -> Void
    ) -> [Raft.Message] {
        let messages = member.delegate.recorded.withLock { record in
            defer { record.messages = [] }
            return record.messages
        }
        for message in messages {
            var response = Raft.Message(
                type: .heartbeatResponse, to: MemberID(leader), from: MemberID(ours),
                term: message.term, context: message.context)
            if message.type == .append {
                response.type = .appendResponse
                complete(message, &response)
            }
            member.transport.send([response])
        }
        return messages
    }
}
