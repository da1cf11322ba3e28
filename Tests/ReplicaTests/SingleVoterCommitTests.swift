import EtcdAPI
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

    /// Both reports may wait in one batch, so that the machine was not asked in between.
    @Test func whatIsReportedAsWrittenAndAppliedAtOnceIsTaken() throws {
        var fixture = try leading()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        let last = try #require(write.entries.last)
        fixture.effects.removeAll()
        try fixture.replica.step(.written(write.number), into: &fixture.effects)
        try fixture.replica.step(
            .applied(ApplyProgress(index: last.index.rawValue)), into: &fixture.effects)
        fixture.replica.takeEffects(into: &fixture.effects)
        #expect(fixture.effects.committed.isEmpty)
        #expect(fixture.replica.status.applied == last.index)
        try fixture.step(.propose([ReplicaFixture.proposal(2)]))
        #expect(fixture.effects.singleVoterCommits.count == 1)
    }

    /// The report of the write may come behind that of its entries.
    @Test func whatIsAppliedBeforeItIsReportedAsWrittenIsTakenWithThat() throws {
        var fixture = try leading()
        let before = fixture.replica.status.applied
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        let last = try #require(write.entries.last)
        try fixture.step(.applied(ApplyProgress(index: last.index.rawValue)))
        #expect(fixture.replica.status.applied == before)
        try fixture.step(.written(write.number))
        #expect(fixture.replica.status.applied == last.index)
        #expect(fixture.effects.committed.isEmpty)
    }

    @Test func largeWritesAndThoseBehindThemGoTheUsualWay() throws {
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

    @Test func changesOfMembershipGoTheUsualWayUntilTheyAreApplied() throws {
        var fixture = try leading()
        let change = ConfChange(type: .addLearner, member: MemberID(2), context: [])
        try fixture.step(.changeMembership(id: 3, change))
        #expect(fixture.effects.singleVoterCommits.isEmpty)
        try fixture.step(.propose([ReplicaFixture.proposal(4)]))
        #expect(fixture.effects.singleVoterCommits.isEmpty)
    }

    @Test func aSecondVoterEndsIt() throws {
        var fixture = try leading()
        let change = ConfChange(type: .addVoter, member: MemberID(2), context: [])
        try fixture.step(.changeMembership(id: 3, change))
        try fixture.settle()
        #expect(fixture.replica.status.confState.voters == [MemberID(1), MemberID(2)])
        try fixture.step(.propose([ReplicaFixture.proposal(4)]))
        let write = try #require(fixture.effects.writes.first)
        #expect(fixture.effects.singleVoterCommits.isEmpty)
        try fixture.step(.written(write.number))
        #expect(fixture.effects.committed.isEmpty, "the other voter has a say")
    }

    /// A restarted member may hold acknowledged entries that it has not applied yet.
    @Test func readsGoAloneOnlyOnceAnEntryOfTheTermIsApplied() throws {
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
        #expect(!fixture.replica.readsLocally, "not while that is under way")
        try fixture.settle()
        #expect(!fixture.replica.readsLocally, "and not with two")
    }

    /// What both voters had committed behind the removal of the other one may be acknowledged there.
    @Test func readsGoAloneOnlyOnceAllIsAppliedThatARemovedVoterMayKnow() throws {
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
            committed[0].data, index: committed[0].index.rawValue)
        try fixture.step(
            .applied(
                ApplyProgress(
                    index: committed[0].index.rawValue, configurationChanges: [removed])))
        #expect(fixture.replica.isSingleVoter && !fixture.replica.readsLocally)
        try fixture.step(.applied(ApplyProgress(index: committed[1].index.rawValue)))
        #expect(fixture.replica.readsLocally)
    }

    @Test func aReadIsConfirmedAtWhatWasReportedBefore() throws {
        var fixture = try leading()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        fixture.effects.removeAll()
        try fixture.replica.step(.written(write.number), into: &fixture.effects)
        try fixture.replica.step(.read(9), into: &fixture.effects)
        fixture.replica.takeEffects(into: &fixture.effects)
        #expect(fixture.effects.readable.map(\.index) == [write.entries.last?.index.rawValue])
    }
}
