import Identifiers
import PeerTransport
import Raft
import Testing

/// Databases sent as snapshots.
@Suite("Snapshots between members")
struct SnapshotTests {
    private static let message = Raft.Message(
        type: .snapshot, to: MemberID(2), from: MemberID(1), term: Term(3),
        snapshot: Snapshot(
            index: LogIndex(140), term: Term(3),
            confState: ConfState(voters: [MemberID(1)], learners: [MemberID(2)]),
            data: Array("{}".utf8)))

    @Test(arguments: [0, 1, 4096, 50 << 20])
    func databaseArrivesCompletely(sizeBytes: Int) async throws {
        let members = try await TestMember.cluster(of: 2)
        let source = TestSource(sizeBytes: sizeBytes)
        members[0].transport.sendSnapshot(Self.message, database: source)
        let (sender, receiver) = (members[0].delegate, members[1].delegate)
        #expect(try await eventually { sender.read { !$0.snapshotReports.isEmpty } })
        #expect(sender.read { $0.snapshotReports.map(\.isDelivered) } == [true])
        #expect(receiver.read { $0.snapshots } == [Self.message])
        let destination = try #require(receiver.read { $0.destinations.first })
        let content = destination.content.withLock { $0 }
        #expect(content.isFinished && !content.isAbandoned)
        #expect(await source.matches(content))
        #expect(try await eventually { source.closes.withLock { $0 } == 1 })
        let entry = try #require(members[0].transport.statistics.first { $0.id == MemberID(2) })
        #expect(entry.statistics.snapshotsSent == 1 && entry.statistics.snapshotsSending == 0)
        for member in members { try await member.stop() }
    }

    @Test func slowDiskAppliesBackpressure() async throws {
        let members = try await TestMember.cluster(of: 2)
        members[1].delegate.recorded.withLock { $0.writeDelayMicroseconds = 2000 }
        let source = TestSource(sizeBytes: 20 << 20)
        members[0].transport.sendSnapshot(Self.message, database: source)
        let (sender, receiver) = (members[0].delegate, members[1].delegate)
        #expect(try await eventually { sender.read { !$0.snapshotReports.isEmpty } })
        #expect(sender.read { $0.snapshotReports.map(\.isDelivered) } == [true])
        let destination = try #require(receiver.read { $0.destinations.first })
        #expect(destination.content.withLock { $0.bytes } == 20 << 20)
        #expect(destination.content.withLock { $0.greatestChunk } <= 1 << 20)
        for member in members { try await member.stop() }
    }

    @Test func failsIfTheDatabaseCannotBeSaved() async throws {
        let members = try await TestMember.cluster(of: 2)
        members[1].delegate.recorded.withLock { $0.saveError = TestError() }
        members[0].transport.sendSnapshot(
            Self.message, database: TestSource(sizeBytes: 8 << 20))
        let sender = members[0].delegate
        #expect(try await eventually { sender.read { !$0.snapshotReports.isEmpty } })
        #expect(sender.read { $0.snapshotReports.map(\.isDelivered) } == [false])
        #expect(sender.read { $0.unreachable } == [MemberID(2)])
        #expect(members[1].delegate.read { $0.snapshots.isEmpty })
        for member in members { try await member.stop() }
    }

    @Test func snapshotForUnknownMemberFails() async throws {
        let member = try await TestMember(1)
        let source = TestSource(sizeBytes: 1)
        member.transport.sendSnapshot(Self.message, database: source)
        let delegate = member.delegate
        #expect(try await eventually { delegate.read { !$0.snapshotReports.isEmpty } })
        #expect(try await eventually { source.closes.withLock { $0 } == 1 })
        try await member.stop()
    }
}
