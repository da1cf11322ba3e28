import MonotonicClock
import Raft
import StateMachine
import TestSupport
import Testing

@testable import Replica

/// A replica whose log stops writing. An election timeout is 10 ticks.
@Suite("A replica with a hung log disk")
struct LogHealthTests {
    /// Lets time pass while the other members respond and the log does not.
    private func wait(_ fixture: inout ReplicaFixture, ticks: Int) throws -> [Message] {
        var messages: [Message] = []
        for _ in 0..<ticks {
            try fixture.step(.tick)
            messages += fixture.effects.messages
            messages += try fixture.acknowledge(fixture.effects.messages)
        }
        return messages
    }

    @Test func transfersLeadershipAfterAnElectionTimeout() throws {
        var fixture = try ReplicaFixture.leadingThree()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        _ = try fixture.acknowledge(fixture.effects.messages)
        var sent = try wait(&fixture, ticks: 9)
        #expect(!sent.contains { $0.type == .timeoutNow } && !fixture.replica.isLogStalled)
        sent = try wait(&fixture, ticks: 1)
        #expect(sent.filter { $0.type == .timeoutNow }.count == 1)
        #expect(fixture.replica.isLogStalled && !fixture.replica.takesProposals)
        // The target does not take over either: the transfer ends within another election timeout.
        _ = try wait(&fixture, ticks: 10)
        #expect(fixture.replica.role == .follower && fixture.replica.leader == nil)
        _ = try wait(&fixture, ticks: 100)
        #expect(fixture.replica.role == .follower, "a member that cannot write does not campaign")
        try fixture.step(.written(write.number))
        #expect(!fixture.replica.isLogStalled)
    }

    @Test func keepsLeadingWhileItsDiskIsSlowButWorks() throws {
        var fixture = try ReplicaFixture.leadingThree()
        var unfinished: [WriteNumber] = []
        for id in UInt64(1)...10 {
            try fixture.step(.propose([ReplicaFixture.proposal(id)]))
            unfinished += fixture.effects.writes.map(\.number)
            _ = try fixture.acknowledge(fixture.effects.messages)
            unfinished += fixture.takeWrites()
            _ = try wait(&fixture, ticks: 8)
            // There is always one that waits for longer than 10 ticks, but the log makes progress.
            if unfinished.count > 2 { try fixture.step(.written(unfinished.removeFirst())) }
            #expect(!fixture.replica.isLogStalled)
        }
        #expect(fixture.replica.role == .leader)
    }

    @Test func ignoresWritesThatNeedNoSynchronization() throws {
        var fixture = try ReplicaFixture.leadingThree()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        let appends = fixture.effects.messages
        try fixture.step(.written(write.number))
        // The commit index that follows from the responses is written with the next write.
        _ = try fixture.acknowledge(appends)
        let further = fixture.takeWrites()
        #expect(!further.isEmpty)
        _ = try wait(&fixture, ticks: 50)
        #expect(fixture.replica.role == .leader && !fixture.replica.isLogStalled)
    }

    @Test func staysLeaderAsTheOnlyVoter() throws {
        var fixture = try ReplicaFixture.leading(appliesSingleVoterCommits: true)
        #expect(fixture.replica.readsLocally)
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        _ = try wait(&fixture, ticks: 50)
        #expect(fixture.replica.isLogStalled && fixture.replica.role == .leader)
        #expect(fixture.replica.readsLocally, "nothing was acknowledged since")
        try fixture.step(.written(write.number))
        #expect(fixture.replica.committedIndex == write.entries.last?.index)
    }
}

@Suite("Times of a replica")
struct ReplicaConfigurationTests {
    @Test(arguments: [(100, 5, 300), (10, 50, 3_000), (500, 1, 60), (300, 2, 100), (40_000, 1, 1)])
    func doNotDependOnTheTickInterval(tick: Int, retry: Int, hold: Int) {
        let configuration = ReplicaConfiguration(
            snapshotCount: 1, catchUpEntries: 1, tickInterval: .milliseconds(Int64(tick)))
        #expect(configuration.readRetryTicks == retry)
        #expect(configuration.tailHoldTicks == hold)
    }
}
