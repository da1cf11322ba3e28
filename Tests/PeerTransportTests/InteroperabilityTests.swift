import PeerTransport
import Raft
import Testing

/// A real etcd leads; the transport alone plays a learner that it was told of.
@Suite("The real etcd as peer", .serialized)
struct InteroperabilityTests {
    @Test(.enabled(if: RealEtcd.programs != nil))
    func aRealLeaderStreamsToUsAndSendsItsDatabase() async throws {
        // 3.5 keeps 5000 entries behind its newest snapshot: only then is there no way but ours.
        let etcd = try RealEtcd(flags: "--snapshot-count 100")
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

        let member = try await TestMember(ours, port: port) { $0.clusterID = cluster }
        member.transport.addPeer(MemberID(leader), urls: [etcd.peerURL])
        let owner = member.owner
        try await heardOf(leader, member)
        try await rejectedThenSentASnapshot(ours, leader, member)
        try await followed(ours, leader, member, etcd)
        #expect(member.transport.activeSince(MemberID(leader)) != nil)
        let remote = "Remote=\"\(member.id.text)\"} 1"
        #expect(
            try await etcd.metrics().split(separator: "\n").contains {
                $0.hasPrefix("etcd_network_active_peers") && $0.hasSuffix(remote)
            })
        #expect(owner.read { $0.timesRemoved } == 0)

        _ = try await etcd.control("member remove \(member.id.text)")
        try #require(try await eventually { owner.read { $0.timesRemoved } > 0 })
        try await member.stop()
    }

    /// Streams of both kinds both ways, and heartbeats of the leader's.
    private func heardOf(_ leader: UInt64, _ member: TestMember) async throws {
        let owner = member.owner
        let peer = MemberID(leader)
        for kind in PeerStreamKind.allCases {
            for direction in [PeerStreamDirection.incoming, .outgoing] {
                try #require(
                    try await eventually {
                        owner.read { $0.events }
                            .contains(.streamEstablished(peer, kind, direction))
                    })
            }
        }
        try #require(
            try await eventually {
                owner.read { record in
                    record.messages.contains { $0.type == .heartbeat && $0.from == peer }
                }
            })
    }

    /// The leader asks where we are; we know nothing, and its log begins later.
    private func rejectedThenSentASnapshot(
        _ ours: UInt64, _ leader: UInt64, _ member: TestMember
    ) async throws {
        let owner = member.owner
        try #require(
            try await eventually {
                let messages = owner.record.withLock { record in
                    defer { record.messages = [] }
                    return record.messages
                }
                for message in messages {
                    var answer = Raft.Message(
                        type: .heartbeatResponse, to: MemberID(leader), from: MemberID(ours),
                        term: message.term, context: message.context)
                    if message.type == .append {
                        answer.type = .appendResponse
                        answer.index = message.index
                        answer.isRejected = true
                    }
                    member.transport.send([answer])
                }
                return owner.read { !$0.snapshots.isEmpty }
            })
        let snapshot = try #require(owner.read { $0.snapshots.first })
        #expect(snapshot.snapshot?.confState.learners == [MemberID(ours)])
        let content = try #require(owner.read { $0.destinations.first }).content.withLock { $0 }
        #expect(content.isFinished)
        #expect(content.bytes > 0 && content.bytes % 4096 == 0)
    }

    /// With the snapshot taken, entries come on the append stream.
    private func followed(
        _ ours: UInt64, _ leader: UInt64, _ member: TestMember, _ etcd: RealEtcd
    ) async throws {
        let owner = member.owner
        let snapshot = try #require(owner.read { $0.snapshots.last })
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
                let messages = owner.record.withLock { record in
                    defer { record.messages = [] }
                    return record.messages
                }
                for message in messages {
                    var answer = Raft.Message(
                        type: .heartbeatResponse, to: MemberID(leader), from: MemberID(ours),
                        term: message.term, context: message.context)
                    if message.type == .append {
                        answer.type = .appendResponse
                        answer.index = message.entries.last?.index ?? message.index
                    }
                    member.transport.send([answer])
                }
                return messages.contains { message in
                    message.entries.contains { $0.data.count > 100_000 }
                }
            })
    }
}
