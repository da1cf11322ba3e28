import Identifiers
import PeerTransport
import Raft
import Testing

/// Messages between transports on real sockets.
@Suite("Connections between members")
struct PeerConnectionTests {
    private static func message(
        _ type: MessageType, from: UInt64 = 1, to: UInt64 = 2, index: UInt64 = 0,
        entries: [Entry] = []
    ) -> Raft.Message {
        Raft.Message(
            type: type, to: MemberID(to), from: MemberID(from), term: Term(3), logTerm: Term(3),
            index: LogIndex(index), commit: LogIndex(index), entries: entries)
    }

    private static func entry(_ index: UInt64, bytes: Int = 3) -> Entry {
        Entry(
            term: Term(3), index: LogIndex(index),
            data: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: bytes))
    }

    /// Waits for streams of both kinds in both directions.
    private static func connected(_ members: [TestMember]) async throws {
        for member in members {
            let ready = try await eventually {
                member.delegate.read { record in
                    record.events.count { if case .streamEstablished = $0 { true } else { false } }
                } >= 4 * (members.count - 1)
            }
            #expect(ready)
        }
    }

    private static func stop(_ members: [TestMember]) async throws {
        for member in members { try await member.stop() }
    }

    @Test func membersBecomeActiveAndKeepTheOrderOfAppends() async throws {
        let members = try await TestMember.cluster(of: 2)
        try await Self.connected(members)
        #expect(members[0].transport.activeSince(members[1].id) != nil)
        #expect(members[0].transport.activePeerCount == 1)
        let count: UInt64 = 3000
        for index in 0..<count {
            members[0].transport.send([
                Self.message(.append, index: index, entries: [Self.entry(index + 1)]),
                Self.message(.heartbeat, index: index),
            ])
            if index % 500 == 499 {
                let delegate = members[1].delegate
                #expect(
                    try await eventually { delegate.read { $0.messages.count } == index * 2 + 2 })
            }
        }
        let delegate = members[1].delegate
        #expect(try await eventually { delegate.read { $0.messages.count } == count * 2 })
        let received = delegate.read { $0.messages }
        let appends = received.filter { $0.type == .append }
        #expect(appends.map(\.index.rawValue) == Array(0..<count))
        #expect(appends.allSatisfy { $0.entries.count == 1 && $0.from == MemberID(1) })
        let heartbeats = received.filter { $0.type == .heartbeat }
        #expect(heartbeats.map(\.commit.rawValue) == Array(0..<count))
        #expect(members[0].delegate.read { $0.unreachable.isEmpty })
        try await Self.stop(members)
    }

    @Test func allTypesArriveWithAllTheirFields() async throws {
        let members = try await TestMember.cluster(of: 3)
        try await Self.connected(members)
        let types: [MessageType] = [
            .append, .appendResponse, .vote, .voteResponse, .heartbeat, .heartbeatResponse,
            .propose, .transferLeader, .timeoutNow, .readIndex, .readIndexResponse, .preVote,
            .preVoteResponse, .forgetLeader,
        ]
        var sent: [Raft.Message] = []
        for (position, type) in types.enumerated() {
            var message = Self.message(
                type, to: 3, index: UInt64(position + 7), entries: [Self.entry(9), Self.entry(10)])
            message.isRejected = true
            message.rejectHint = LogIndex(5)
            message.vote = MemberID(2)
            message.context = [1, 2, UInt8(position)]
            sent.append(message)
        }
        members[0].transport.send(sent)
        let delegate = members[2].delegate
        #expect(try await eventually { delegate.read { $0.messages.count } == types.count })
        let received = delegate.read { $0.messages }
        #expect(received.filter { $0.type != .append } == sent.filter { $0.type != .append })
        #expect(received.filter { $0.type == .append } == sent.filter { $0.type == .append })
        #expect(members[1].delegate.read { $0.messages.isEmpty })
        try await Self.stop(members)
    }

    @Test func largeEntriesArrive() async throws {
        let members = try await TestMember.cluster(of: 2)
        try await Self.connected(members)
        var sent: [Raft.Message] = []
        for index in 0..<20 as Range<UInt64> {
            sent.append(
                Self.message(
                    .append, index: index, entries: [Self.entry(index + 1, bytes: 2 << 20)]))
        }
        members[0].transport.send(sent)
        let delegate = members[1].delegate
        #expect(try await eventually { delegate.read { $0.messages.count } == 20 })
        #expect(delegate.read { $0.messages } == sent)
        try await Self.stop(members)
    }

    @Test func withoutStreamsMessagesArePosted() async throws {
        let sender = try await TestMember(1)
        let target = try await TestMember(2)
        sender.transport.addRemote(target.id, urls: ["http://127.0.0.1:1", target.url])
        let delegate = target.delegate
        // The first URL is unreachable: the picker moves on to the next.
        #expect(
            try await eventually {
                sender.transport.send([Self.message(.heartbeat)])
                return delegate.read { !$0.messages.isEmpty }
            })
        #expect(sender.delegate.read { !$0.unreachable.isEmpty })
        // A sender of posts is registered with the URLs in its headers, and can be posted to.
        #expect(
            target.delegate.read { $0.events }
                .contains(.remoteAdded(MemberID(1), urls: [sender.url]))
        )
        target.transport.send([Self.message(.heartbeatResponse, from: 2, to: 1)])
        let back = sender.delegate
        #expect(try await eventually { back.read { !$0.messages.isEmpty } })
        try await Self.stop([sender, target])
    }

    @Test func restartedMemberReconnects() async throws {
        let first = try await TestMember(1)
        var second = try await TestMember(2)
        let port = second.port
        first.transport.addPeer(second.id, urls: [second.url])
        second.transport.addPeer(first.id, urls: [first.url])
        try await Self.connected([first, second])
        try await second.stop()
        #expect(try await eventually { first.transport.activeSince(MemberID(2)) == nil })
        first.transport.send([Self.message(.append, entries: [Self.entry(1)])])
        #expect(try await eventually { first.delegate.read { !$0.unreachable.isEmpty } })
        second = try await TestMember(2, port: port)
        second.transport.addPeer(first.id, urls: [first.url])
        try await Self.connected([second])
        #expect(try await eventually { first.transport.activeSince(MemberID(2)) != nil })
        first.transport.send([Self.message(.append, entries: [Self.entry(1)])])
        let delegate = second.delegate
        #expect(try await eventually { delegate.read { !$0.messages.isEmpty } })
        try await Self.stop([first, second])
    }

    @Test func removedMemberIsNotified() async throws {
        let members = try await TestMember.cluster(of: 2)
        try await Self.connected(members)
        members[0].transport.removePeer(members[1].id)
        let delegate = members[1].delegate
        #expect(try await eventually { delegate.read { $0.timesRemoved } > 0 })
        #expect(members[0].transport.peers.isEmpty)
        #expect(members[0].transport.activeSince(members[1].id) == nil)
        try await Self.stop(members)
    }

    @Test func messagesAboveTheQueueLimitAreDroppedAndReported() async throws {
        let sender = try await TestMember(1) {
            $0.limits.pipelineQueueMessagesMax = 4
            $0.dialTimeout = .seconds(60)
        }
        // An address that drops all packets: connections never complete.
        sender.transport.addPeer(MemberID(2), urls: ["http://192.0.2.1:9"])
        sender.transport.send((0..<20).map { Self.message(.heartbeat, index: $0) })
        let delegate = sender.delegate
        #expect(try await eventually { delegate.read { !$0.unreachable.isEmpty } })
        let drops = delegate.read { record in
            record.events.count { if case .sendingDropped = $0 { true } else { false } }
        }
        #expect(drops == 16)
        try await Self.stop([sender])
    }
}
