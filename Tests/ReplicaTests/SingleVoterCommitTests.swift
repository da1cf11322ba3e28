import EtcdAPI
import Identifiers
import Raft
import StateMachine
import Testing

@testable import Replica

/// Writes of a single voter, whose entries are applied as soon as they are durable.
@Suite struct SingleVoterCommitTests {
    private func leading() throws -> ReplicaFixture {
        try ReplicaFixture.leading(appliesSingleVoterCommits: true)
    }

    @Test func anEntryIsHandedOutOnceWithItsWriteAndNotAgainWhenItCommits() throws {
        var fixture = try leading()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        #expect(fixture.effects.singleVoterCommits == [write.number])
        try fixture.step(.propose([ReplicaFixture.proposal(2)]))
        let next = try #require(fixture.effects.writes.first)
        #expect(fixture.effects.singleVoterCommits == [next.number])
        try fixture.step(.written(write.number))
        #expect(fixture.effects.committed.isEmpty)
        #expect(fixture.replica.status.committed == write.entries.last?.index)
        try fixture.step(.written(next.number))
        #expect(fixture.effects.committed.isEmpty)
    }

    /// Both reports may be in one batch, with no effects taken in between.
    @Test func reportsOfWrittenAndAppliedInOneBatchAreAccepted() throws {
        var fixture = try leading()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        let last = try #require(write.entries.last)
        fixture.effects.removeAll()
        try fixture.replica.step(.written(write.number), into: &fixture.effects)
        try fixture.replica.step(
            .applied(ApplyProgress(index: last.index)), into: &fixture.effects)
        fixture.replica.takeEffects(into: &fixture.effects)
        #expect(fixture.effects.committed.isEmpty)
        #expect(fixture.replica.status.applied == last.index)
        try fixture.step(.propose([ReplicaFixture.proposal(2)]))
        #expect(fixture.effects.singleVoterCommits.count == 1)
    }

    /// The report of the write may come after that of its entries.
    @Test func appliedEntriesCountOnceTheirWriteIsReported() throws {
        var fixture = try leading()
        let before = fixture.replica.status.applied
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        let last = try #require(write.entries.last)
        try fixture.step(.applied(ApplyProgress(index: last.index)))
        #expect(fixture.replica.status.applied == before)
        try fixture.step(.written(write.number))
        #expect(fixture.replica.status.applied == last.index)
        #expect(fixture.effects.committed.isEmpty)
    }

    @Test func largeWritesAndThoseAfterThemTakeTheUsualPath() throws {
        var fixture = try leading()
        let large = NumberedProposal(id: 1, data: [UInt8](repeating: 1, count: 100_000))
        try fixture.step(.propose([large]))
        #expect(fixture.effects.singleVoterCommits.isEmpty)
        let first = try #require(fixture.effects.writes.first)
        try fixture.step(.propose([ReplicaFixture.proposal(2)]))
        #expect(
            fixture.effects.singleVoterCommits.isEmpty, "entries before it are not handed out yet")
        let second = try #require(fixture.effects.writes.first)
        try fixture.step(.written(first.number))
        #expect(fixture.effects.committed.map(\.index) == first.entries.map(\.index))
        try fixture.step(.propose([ReplicaFixture.proposal(3)]))
        #expect(fixture.effects.singleVoterCommits.isEmpty)
        let third = try #require(fixture.effects.writes.first)
        try fixture.step(.written(third.number))
        #expect(
            fixture.effects.committed.map(\.index)
                == (second.entries + third.entries).map(\.index))
    }

    @Test func changesOfMembershipTakeTheUsualPathUntilTheyAreApplied() throws {
        var fixture = try leading()
        let change = ConfChange(type: .addLearner, member: MemberID(2), context: [])
        try fixture.step(.changeMembership(id: 3, change))
        #expect(fixture.effects.singleVoterCommits.isEmpty)
        try fixture.step(.propose([ReplicaFixture.proposal(4)]))
        #expect(fixture.effects.singleVoterCommits.isEmpty)
    }

    @Test func aSecondVoterEndsSingleVoterCommits() throws {
        var fixture = try leading()
        let change = ConfChange(type: .addVoter, member: MemberID(2), context: [])
        try fixture.step(.changeMembership(id: 3, change))
        try fixture.settle()
        #expect(fixture.replica.status.confState.voters == [MemberID(1), MemberID(2)])
        try fixture.step(.propose([ReplicaFixture.proposal(4)]))
        let write = try #require(fixture.effects.writes.first)
        #expect(fixture.effects.singleVoterCommits.isEmpty)
        try fixture.step(.written(write.number))
        #expect(fixture.effects.committed.isEmpty, "the other voter has to acknowledge")
    }

    /// A restarted member may hold acknowledged entries that it has not applied yet.
    @Test func readsAreLocalOnlyOnceAnEntryOfTheTermIsApplied() throws {
        var fixture = ReplicaFixture(appliesSingleVoterCommits: true)
        #expect(!fixture.replica.readsLocally)
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.campaign)
        #expect(!fixture.replica.readsLocally)
        try fixture.settle()
        #expect(fixture.replica.readsLocally)
        let change = ConfChange(type: .addVoter, member: MemberID(2), context: [])
        try fixture.step(.changeMembership(id: 3, change))
        #expect(!fixture.replica.readsLocally, "not while the change is pending")
        try fixture.settle()
        #expect(!fixture.replica.readsLocally, "and not with two voters")
    }

    /// The removed voter may acknowledge what both voters had committed after its removal.
    @Test func readsAreLocalOnlyOnceAllIsAppliedThatARemovedVoterMayKnow() throws {
        var fixture = try ReplicaFixture.leading(of: [1, 2])
        let removal = ConfChange(type: .remove, member: MemberID(2), context: [])
        fixture.effects.removeAll()
        try fixture.replica.step(.changeMembership(id: 1, removal), into: &fixture.effects)
        try fixture.step(.propose([ReplicaFixture.proposal(2)]))
        let write = try #require(fixture.effects.writes.last)
        let appends = fixture.effects.messages
        try fixture.step(.written(write.number))
        fixture.effects.removeAll()
        _ = try fixture.acknowledge(appends)
        let committed = fixture.effects.committed
        #expect(committed.map(\.type) == [.confChange, .normal])
        let removed = AppliedConfigurationChange.single(
            committed[0].data, index: committed[0].index)
        try fixture.step(
            .applied(
                ApplyProgress(
                    index: committed[0].index, configurationChanges: [removed])))
        #expect(fixture.replica.isSingleVoter && !fixture.replica.readsLocally)
        try fixture.step(.applied(ApplyProgress(index: committed[1].index)))
        #expect(fixture.replica.readsLocally)
    }

    @Test func aReadIsConfirmedAtTheIndexReportedBefore() throws {
        var fixture = try leading()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        fixture.effects.removeAll()
        try fixture.replica.step(.written(write.number), into: &fixture.effects)
        try fixture.replica.step(.read(9), into: &fixture.effects)
        fixture.replica.takeEffects(into: &fixture.effects)
        #expect(fixture.effects.readable.map(\.index) == [write.entries.last?.index])
    }
}
