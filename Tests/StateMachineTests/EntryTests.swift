import Bolt
import Disk
import EtcdAPI
import Identifiers
import Lease
import MVCC
import Membership
import Testing

@testable import StateMachine

@Suite("Entries")
struct EntryTests {
    @Test func putsReturnTheRevisionAndThePreviousPair() throws {
        let fixture = try StateFixture()
        let first = try fixture.put("a", "1")
        #expect(first.id == 77 && first.response.revision == 2)
        guard case .put(let response) = first.response.body else {
            Issue.record("no put")
            return
        }
        #expect(response.previous == nil)
        let second = try fixture.put("a", "2", prevKV: true)
        guard case .put(let response) = second.response.body else {
            Issue.record("no put")
            return
        }
        let previous = try KeyValue(decoding: try #require(response.previous))
        #expect(previous.value == bytes("1")[...] && previous.modRevision == 2)
        let pair = try #require(try fixture.pair("a"))
        #expect(pair.version == 2 && pair.createRevision == 2 && pair.modRevision == 3)
    }

    @Test func putsCanKeepTheValueOrTheLease() throws {
        let fixture = try StateFixture()
        #expect(try fixture.put("a", ignoreValue: true).error == .keyNotFound)
        #expect(try fixture.put("a", "1", ignoreLease: true).error == .keyNotFound)
        #expect(try fixture.put("a", "1", lease: 5).error == .leaseNotFound)
        #expect(fixture.revision == 1)
        try fixture.grant(5, seconds: 60)
        try fixture.put("a", "1", lease: 5)
        try fixture.put("a", "2", ignoreLease: true)
        #expect(try fixture.pair("a")?.lease == 5)
        #expect(fixture.state.lessor.lease(ofKey: bytes("a")).rawValue == 5)
        try fixture.put("a", ignoreValue: true)
        #expect(try fixture.value("a") == "2")
        #expect(try fixture.pair("a")?.lease == 0)
        #expect(!fixture.state.lessor.hasAttachments)
    }

    @Test func deletesCountKeysAndKeepTheRevisionIfThereAreNone() throws {
        let fixture = try StateFixture()
        for key in ["a", "b", "c"] { try fixture.put(key, key) }
        let none = try fixture.delete("x")
        #expect(none.response.revision == 4 && fixture.revision == 4)
        let some = try fixture.delete("a", end: "c", prevKV: true)
        guard case .deleteRange(let response) = some.response.body else {
            Issue.record("no delete")
            return
        }
        #expect(response.deleted == 2 && !response.previous.isEmpty)
        #expect(some.response.revision == 5)
        #expect(try fixture.value("a") == nil)
        #expect(try fixture.value("c") == "c")
    }

    @Test func appliedEntriesAreSkipped() throws {
        let fixture = try StateFixture()
        try fixture.put("a", "1")
        try fixture.put("b", "1")
        let again = wrapped(
            InternalRaftRequest.Field.put,
            PutRequest(key: bytes("a")[...], value: bytes("2")[...]).encoded())
        for index: LogIndex in [0, 1, 2] {
            let entry = CommittedEntry(index: index, term: 9, kind: .request, data: again)
            let applied = try fixture.apply(entry)
            #expect(applied.isDone && applied.id == 0)
        }
        #expect(try fixture.value("a") == "1")
        #expect(fixture.revision == 3)
        #expect(fixture.state.appliedIndex == 2 && fixture.state.appliedTerm == 3)
        // The same after a restart, when the log is read from an earlier index.
        try fixture.restart()
        try fixture.apply(CommittedEntry(index: 2, term: 9, kind: .request, data: again))
        #expect(try fixture.value("a") == "1")
        #expect(fixture.state.appliedIndex == 2)
    }

    @Test func anEmptyEntryOnlyAdvancesTheConsistentIndex() throws {
        let fixture = try StateFixture()
        #expect(try fixture.apply(.request, []).isDone)
        #expect(fixture.state.appliedIndex == 1 && fixture.revision == 1)
        try fixture.restart()
        #expect(fixture.state.appliedIndex == 1 && fixture.state.appliedTerm == 3)
    }

    @Test(arguments: [[0xFF], [10, 200, 1], bytes("not a request")] as [[UInt8]])
    func undecodableEntriesStopTheMember(data: [UInt8]) throws {
        let fixture = try StateFixture()
        try fixture.put("a", "1")
        #expect(throws: StateError.undecodableEntry(index: 2)) {
            try fixture.apply(.request, data)
        }
        #expect(fixture.state.appliedIndex == 1)
    }

    @Test(
        arguments: [
            (1000, .rootUserNotExist), (1011, nil), (1012, .authNotEnabled), (1013, nil),
            (1100, .userEmpty), (1102, .userNotFound), (1106, nil), (1107, nil),
            (1202, .roleNotFound),
        ] as [(UInt32, EtcdError?)])
    func anybodyMayManageUsersWhileAuthIsOff(field: UInt32, error: EtcdError?) throws {
        let fixture = try StateFixture()
        let applied = try fixture.request(field, [])
        #expect(applied.error == error)
        #expect(fixture.state.appliedIndex == 1 && fixture.revision == 1)
    }

    @Test func anEntryIsPersistedTogetherWithItsIndex() throws {
        let fixture = try StateFixture()
        try fixture.grant(5, seconds: 60)
        try fixture.put("a", "1", lease: 5)
        try fixture.alarm(.activate, .corrupt)
        try fixture.alarm(.deactivate, .corrupt)
        try fixture.restart()
        #expect(try fixture.stored("meta", "consistent_index") == [0, 0, 0, 0, 0, 0, 0, 4])
        #expect(try fixture.stored("meta", "term") == [0, 0, 0, 0, 0, 0, 0, 3])
        #expect(fixture.state.appliedIndex == 4)
        #expect(try fixture.value("a") == "1")
        #expect(fixture.state.lessor.lease(ofKey: bytes("a")).rawValue == 5)
        // A revocation persists key, lease and index together; unpersisted, all of it is lost.
        let transactions = fixture.bolt.transactionNumber
        try fixture.revoke(5)
        #expect(fixture.bolt.transactionNumber == transactions)
        try fixture.restart(persisting: false)
        #expect(fixture.state.appliedIndex == 4 && fixture.state.lessor.count == 1)
        #expect(try fixture.value("a") == "1")
        fixture.nextIndex = 5
        try fixture.revoke(5)
        let before = fixture.bolt.transactionNumber
        try fixture.state.store.persist()
        #expect(fixture.bolt.transactionNumber == before + 1)
        try fixture.restart()
        #expect(fixture.state.appliedIndex == 5 && fixture.state.lessor.count == 0)
        #expect(try fixture.value("a") == nil)
    }

    @Test func compactionsAreScheduledOrRejected() throws {
        let fixture = try StateFixture()
        for value in ["1", "2", "3"] { try fixture.put("a", value) }
        #expect(try fixture.compact(-1).error == .compacted)
        #expect(try fixture.compact(5).error == .futureRevision)
        let applied = try fixture.compact(3, physical: true)
        #expect(applied.compaction == 3 && applied.isPhysical && applied.response.revision == 4)
        #expect(fixture.state.store.revisions.compacted == 3)
        #expect(try fixture.compact(3).error == .compacted)
        #expect(try fixture.compact(2).error == .compacted)
        #expect(try fixture.compact(0).error == .compacted)
        #expect(!(try fixture.compact(4).isPhysical))
        try fixture.restart()
        #expect(fixture.state.store.revisions.compacted == 4)
    }

    @Test func watchersAreNotifiedOfABatchOnceItIsVisible() throws {
        let fixture = try StateFixture()
        let receiver = RecordingReceiver()
        let stream = fixture.state.watchers.openStream(receiver)
        let watcher = WatcherConfiguration(key: [0], end: [0])
        #expect(fixture.state.watchers.register(watcher, id: nil, on: stream)?.revision == 1)
        try fixture.state.applyBatch {
            for (offset, key) in ["a", "b"].enumerated() {
                let put = PutRequest(key: bytes(key)[...]).encoded()
                let entry = CommittedEntry(
                    index: LogIndex(UInt64(offset + 1)), term: 1, kind: .request,
                    data: wrapped(InternalRaftRequest.Field.put, put))
                _ = try fixture.state.apply(entry)
                #expect(receiver.revisions.isEmpty)
            }
        }
        #expect(receiver.revisions == [2, 3])
        fixture.state.watchers.close(stream)
    }
}
