import EtcdAPI
import Identifiers
import Raft
import StateMachine
import Testing

@testable import Replica

@Suite("A replica")
struct ReplicaTests {
    @Test func refusesProposalsWithoutALeader() throws {
        var fixture = ReplicaFixture()
        try fixture.step(.propose([ReplicaFixture.proposal(1), ReplicaFixture.proposal(2)]))
        #expect(fixture.effects.refused.map(\.id) == [1, 2])
        #expect(fixture.effects.refused.allSatisfy { $0.error == .noLeader })
        let change = ConfChange(type: .remove, member: MemberID(1), context: [])
        try fixture.step(.changeMembership(id: 3, change))
        #expect(fixture.effects.refused.map(\.id) == [3])
        #expect(!fixture.replica.hasLeader)
    }

    @Test func aLeaderWritesAndCommitsInOrder() throws {
        var fixture = try ReplicaFixture.leading()
        #expect(fixture.replica.hasLeader)
        #expect(fixture.replica.status.role == .leader)
        let last = fixture.replica.lastIndex
        try fixture.step(.propose([ReplicaFixture.proposal(1), ReplicaFixture.proposal(2)]))
        #expect(fixture.effects.refused.isEmpty)
        let write = try #require(fixture.effects.writes.first)
        #expect(write.entries.map(\.data) == [[1], [2]] && write.mustSynchronize)
        #expect(fixture.effects.committed.isEmpty, "nothing is committed before it is durable")
        try fixture.step(.written(write.number))
        #expect(fixture.effects.committed.map(\.data) == [[1], [2]])
        #expect(fixture.effects.committed.map(\.index) == [last + 1, last + 2])
    }

    @Test func messagesThatPromiseSomethingWaitForTheirWrite() throws {
        var fixture = try ReplicaFixture.following()
        let append = ReplicaFixture.firstAppend
        try fixture.step(.message(append))
        let first = try #require(fixture.effects.writes.first)
        #expect(!fixture.effects.messages.contains { $0.type == .appendResponse })
        var more = append
        more.logTerm = Term(2)
        more.index = LogIndex(4)
        more.entries = [Entry(term: Term(2), index: LogIndex(5), data: [8])]
        try fixture.step(.message(more))
        let second = try #require(fixture.effects.writes.first)
        #expect(second.number > first.number)
        #expect(fixture.effects.messages.isEmpty)
        try fixture.step(.written(first.number))
        #expect(fixture.effects.messages.map(\.index) == [LogIndex(4)])
        try fixture.step(.written(second.number))
        #expect(fixture.effects.messages.map(\.type) == [.appendResponse])
        #expect(fixture.effects.messages.map(\.index) == [LogIndex(5)])
    }

    @Test func oneCompletionReleasesAllEarlierMessagesInOrder() throws {
        var fixture = try ReplicaFixture.following()
        var numbers: [WriteNumber] = []
        for index in UInt64(4)...6 {
            let append = Message(
                type: .append, to: MemberID(1), from: MemberID(2), term: Term(2),
                logTerm: Term(index == 4 ? 1 : 2), index: LogIndex(index - 1),
                commit: LogIndex(3),
                entries: [Entry(term: Term(2), index: LogIndex(index), data: [])])
            try fixture.step(.message(append))
            numbers += fixture.effects.writes.map(\.number)
        }
        try fixture.step(.written(try #require(numbers.last)))
        #expect(fixture.effects.messages.map(\.index) == [4, 5, 6])
    }

    @Test func invalidMessagesAreIgnoredButABrokenInvariantStops() throws {
        var fixture = try ReplicaFixture.following()
        let before = fixture.replica.status.committed
        try fixture.step(.message(Message(type: .hup, from: MemberID(2), term: Term(2))))
        try fixture.step(
            .message(
                Message(
                    type: .appendResponse, to: MemberID(1), from: MemberID(99), term: Term(2))))
        #expect(fixture.replica.status.committed == before)
        // The leader claims that this member has stored an entry that it never received.
        var impossible = ReplicaFixture.heartbeat
        impossible.commit = LogIndex(99)
        #expect(throws: StepError.self) {
            var effects = ReplicaEffects()
            try fixture.replica.step(.message(impossible), into: &effects)
        }
    }

    @Test func changesOfRoleAreReported() throws {
        var fixture = ReplicaFixture(members: [1, 2, 3])
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.message(ReplicaFixture.heartbeat))
        #expect(fixture.effects.softState == SoftState(leader: MemberID(2), role: .follower))
        try fixture.step(.message(ReplicaFixture.heartbeat))
        #expect(fixture.effects.softState == nil)
    }
}

@Suite("A replica's reads")
struct ReplicaReadTests {
    private func response(_ message: Message, index: UInt64) -> Message {
        Message(
            type: .readIndexResponse, to: MemberID(1), from: MemberID(2), term: Term(2),
            index: LogIndex(index), entries: message.entries)
    }

    @Test func readsThatCameTogetherShareOneBatch() throws {
        var fixture = try ReplicaFixture.following()
        fixture.effects.removeAll()
        for request: ReadRequestID in [1, 2, 3] {
            try fixture.replica.step(.read(request), into: &fixture.effects)
        }
        fixture.replica.takeEffects(into: &fixture.effects)
        let requests = fixture.effects.messages.filter { $0.type == .readIndex }
        #expect(requests.count == 1 && fixture.effects.readable.isEmpty)
        try fixture.step(.read(4))
        let later = fixture.effects.messages.filter { $0.type == .readIndex }
        #expect(later.count == 1, "later reads may not join a batch in flight")

        try fixture.step(.message(response(try #require(later.first), index: 3)))
        #expect(fixture.effects.readable.map(\.requests) == [[4]])
        try fixture.step(.message(response(try #require(requests.first), index: 3)))
        #expect(fixture.effects.readable.map(\.requests) == [[1, 2, 3]])
        #expect(fixture.effects.readable.map(\.index) == [3])
        try fixture.step(.message(response(try #require(requests.first), index: 3)))
        #expect(fixture.effects.readable.isEmpty, "a response counts once")
    }

    @Test func readsWaitForTheIndexCommittedWhenTheyWereRequested() throws {
        var fixture = try ReplicaFixture.leading()
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        let write = try #require(fixture.effects.writes.first)
        let committed = fixture.replica.status.committed
        try fixture.step(.read(1))
        #expect(fixture.effects.readable.map(\.index) == [committed])
        try fixture.step(.written(write.number))
        try fixture.step(.read(2))
        #expect(fixture.effects.readable.map(\.index) == [committed.next])
    }

    @Test func readsWaitUntilALeaderHasCommittedInItsTerm() throws {
        var fixture = ReplicaFixture()
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.campaign)
        while fixture.replica.status.role != .leader {
            let writes = fixture.effects.writes
            try fixture.step(.written(try #require(writes.last?.number)))
        }
        let write = fixture.effects.writes.last
        try fixture.step(.read(5))
        #expect(fixture.effects.readable.isEmpty && fixture.effects.unreadable.isEmpty)
        let newer = fixture.effects.writes.last
        try fixture.step(.written(try #require((newer ?? write)?.number)))
        #expect(fixture.effects.readable.map(\.requests) == [[5]])
        #expect(
            fixture.effects.readable.map(\.index) == [fixture.replica.lastIndex])
    }

    @Test func readsCannotBeConfirmedWithoutALeader() throws {
        var fixture = ReplicaFixture(members: [1, 2, 3])
        try fixture.step(.tick)
        try fixture.settle()
        try fixture.step(.read(1))
        #expect(fixture.effects.unreadable == [1])
        try fixture.step(.tick)
        #expect(fixture.effects.unreadable.isEmpty, "reported once")
    }

    @Test func readsFailWhenTheLeaderIsLost() throws {
        var fixture = try ReplicaFixture.following()
        try fixture.step(.read(1))
        var unreadable: [ReadRequestID] = []
        for _ in 0..<40 {
            try fixture.step(.tick)
            unreadable += fixture.effects.unreadable
            try fixture.settle()
        }
        #expect(unreadable == [1])
        #expect(!fixture.replica.hasLeader)
    }

    @Test func readsAreRetriedAfterTheRetryTime() throws {
        var fixture = try ReplicaFixture.following()
        try fixture.step(.read(1))
        let lost = try #require(fixture.effects.messages.first { $0.type == .readIndex })
        var again: [Message] = []
        for _ in 0..<4 {
            try fixture.step(.tick)
            again += fixture.effects.messages.filter { $0.type == .readIndex }
        }
        #expect(again.isEmpty)
        try fixture.step(.message(ReplicaFixture.heartbeat))
        try fixture.step(.tick)
        again = fixture.effects.messages.filter { $0.type == .readIndex }
        let retried = try #require(again.first)
        #expect(retried.entries != lost.entries, "a new batch has a new context")
        // The lost response arrives after all: its batch does not exist any more.
        try fixture.step(.message(response(lost, index: 3)))
        #expect(fixture.effects.readable.isEmpty)
        try fixture.step(.message(response(retried, index: 3)))
        #expect(fixture.effects.readable.map(\.requests) == [[1]])
    }
}

@Suite("A replica's snapshots")
struct ReplicaSnapshotTests {
    @Test func aDurableSnapshotReleasesTheLogBeforeATail() throws {
        var fixture = try ReplicaFixture.leading(snapshotCount: 10, catchUpEntries: 3)
        while fixture.replica.lastIndex < LogIndex(20) {
            try fixture.step(.propose([ReplicaFixture.proposal(1)]))
            try fixture.settle()
        }
        #expect(fixture.effects.releasedLog == nil)
        try fixture.step(.snapshotSaved(LogIndex(11)))
        #expect(fixture.effects.releasedLog == LogIndex(11))
        #expect(fixture.replica.snapshotIndex == LogIndex(11))
    }

    /// As in etcd, so that a follower that lags further gets a snapshot.
    @Test func aDurableSnapshotCompactsTheLogInMemory() throws {
        var fixture = try ReplicaFixture.leadingThree(snapshotCount: 10, catchUpEntries: 3)
        // Member 3 receives nothing from now on.
        let lagging = fixture.replica.lastIndex
        for id in UInt64(0)..<20 {
            try fixture.step(.propose([ReplicaFixture.proposal(id)]))
            let appends = fixture.effects.messages.filter { $0.to == MemberID(2) }
            _ = try fixture.acknowledge(appends)
            try fixture.settle()
        }
        #expect(fixture.replica.firstIndex == LogIndex(1))
        try fixture.step(.snapshotSaved(LogIndex(11)))
        let applied = fixture.replica.status.committed
        #expect(fixture.replica.firstIndex == LogIndex(applied.rawValue - 3 + 1))
        #expect(fixture.replica.firstIndex > lagging + 1)
        try fixture.step(.unreachable(MemberID(3)))
        let messages = fixture.effects.messages.filter { $0.to == MemberID(3) }
        #expect(messages.map(\.type) == [.snapshot])
    }

    @Test func theLogInMemoryIsCompactedWithoutSnapshotsToo() throws {
        var fixture = try ReplicaFixture.leading(snapshotCount: 100_000, catchUpEntries: 3)
        func put() throws {
            try fixture.step(.propose([ReplicaFixture.proposal(1)]))
            try fixture.settle()
        }
        while fixture.replica.lastIndex < LogIndex(100) { try put() }
        #expect(fixture.replica.firstIndex == LogIndex(1))
        try put()
        #expect(fixture.replica.firstIndex == LogIndex(99))
        while fixture.replica.lastIndex < LogIndex(201) { try put() }
        #expect(fixture.replica.firstIndex == LogIndex(99))
        try put()
        #expect(fixture.replica.firstIndex == LogIndex(200))
    }

    @Test func aSnapshotOfAShortLogReleasesNothing() throws {
        var fixture = try ReplicaFixture.leading(snapshotCount: 1, catchUpEntries: 100)
        try fixture.step(.propose([ReplicaFixture.proposal(1)]))
        try fixture.settle()
        try fixture.step(.snapshotSaved(fixture.replica.lastIndex))
        #expect(fixture.effects.releasedLog == nil)
    }
}

@Suite("Log records")
struct LogRecordTests {
    @Test func entriesAndStatesSurviveTheRoundTripThroughTheLog() {
        for type in [EntryType.normal, .confChange, .confChangeV2] {
            let entry = Entry(term: Term(7), index: LogIndex(9), type: type, data: [1, 2])
            #expect(Entry(RaftEntry(entry)) == entry)
        }
        let state = HardState(term: Term(1), vote: MemberID(2), commit: LogIndex(3))
        #expect(HardState(RaftHardState(state)) == state)
        let configuration = ConfState(
            voters: [MemberID(1), MemberID(2)], learners: [MemberID(3)],
            votersOutgoing: [MemberID(4)], learnersNext: [MemberID(5)], autoLeave: true)
        #expect(ConfState(RaftConfState(configuration)) == configuration)
        let unordered = RaftConfState(
            voters: [9, 1], learners: [], votersOutgoing: [], learnersNext: [],
            autoLeave: false)
        #expect(ConfState(unordered).voters == [MemberID(1), MemberID(9)])
    }

    @Test(arguments: [-1, 3, 255, 256] as [Int32])
    func entriesOfUnknownTypesAreNotRead(type: Int32) {
        let entry = RaftEntry(
            type: RaftEntry.EntryType(rawValue: type), term: 1, index: 1, data: [])
        #expect(Entry(entry) == nil)
    }

    @Test func aSnapshotIsInstalledWhenItsRecordIsDurableAndBeforeWhatFollows() throws {
        var fixture = try ReplicaFixture.following()
        let members = ConfState(voters: [MemberID(1), MemberID(2), MemberID(3)])
        let snapshot = Snapshot(
            index: LogIndex(50), term: Term(2), confState: members, data: [9])
        try fixture.step(
            .message(
                Message(
                    type: .snapshot, to: MemberID(1), from: MemberID(2), term: Term(2),
                    snapshot: snapshot)))
        let write = try #require(fixture.effects.writes.first)
        #expect(write.snapshot == snapshot && write.mustSynchronize)
        #expect(fixture.effects.installation == nil && fixture.effects.messages.isEmpty)
        try fixture.step(.written(write.number))
        #expect(fixture.effects.installation == snapshot)
        #expect(fixture.effects.messages.map(\.index) == [LogIndex(50)])
        #expect(fixture.effects.releasedLog == LogIndex(50))
        try fixture.step(.applied(ApplyProgress(index: 50)))
        let append = Message(
            type: .append, to: MemberID(1), from: MemberID(2), term: Term(2), logTerm: Term(2),
            index: LogIndex(50), commit: LogIndex(51),
            entries: [Entry(term: Term(2), index: LogIndex(51), data: [7])])
        try fixture.step(.message(append))
        let next = try #require(fixture.effects.writes.first)
        try fixture.step(.written(next.number))
        #expect(fixture.effects.committed.map(\.index) == [LogIndex(51)])
        #expect(fixture.effects.installation == nil)
    }
}
