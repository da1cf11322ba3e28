import EtcdAPI
import Identifiers
import MVCC
import Testing

@testable import StateMachine

/// The key index has a fixed amount of reserved memory: responses when it runs out.
@Suite("Full key index")
struct FullIndexTests {
    private static let reserved = 16 << 20

    private func key(_ number: Int) -> String {
        "\(number)/" + String(repeating: "k", count: 5_000)
    }

    private func range(_ numbers: Range<Int>) -> TxnRequest {
        var request = TxnRequest()
        request.success = numbers.map { putting(key($0)) }
        return request
    }

    @Test func raisesTheSpaceAlarmWhileThereIsCapacityToCleanUp() throws {
        let fixture = try StateFixture(indexReservedBytes: Self.reserved)
        var number = 0
        var put = try fixture.put(key(number))
        while put.error == nil, number < 10_000 {
            number += 1
            put = try fixture.put(key(number))
        }
        #expect(put.error == .noSpace && put.raisesSpaceAlarm)
        #expect(number * 5_000 > Self.reserved * 3 / 4)
        // As with the quota, the request that raises the alarm is executed.
        #expect(try fixture.value(key(number)) == "")
        #expect(try fixture.grant(1, seconds: 10).error == .noSpace)
        try fixture.alarm(.activate, .nospace)
        #expect(try fixture.delete("0", end: "\0").error == nil)
        try fixture.compact(fixture.revision)
        try fixture.compact(try fixture.txn(TxnRequest()).response.revision)
        try fixture.finishCompactions()
        try fixture.alarm(.deactivate, .nospace)
        try fixture.put("a")
        try fixture.compact(fixture.revision)
        try fixture.finishCompactions()
        #expect(try fixture.put(key(0)).error == nil)
    }

    @Test func stopsTheMemberBeforeTheEntryIsVisible() throws {
        let fixture = try StateFixture(indexReservedBytes: Self.reserved)
        try fixture.txn(range(0..<30))
        try fixture.state.store.persist()
        var next = 30
        var failure: StateError?
        while failure == nil, next < 10_000 {
            do {
                try fixture.txn(range(next..<next + 30))
                next += 30
            } catch let error as StateError {
                failure = error
            }
        }
        let index = UInt64(next / 30 + 1)
        #expect(failure == .store(.index(.full(reservedBytes: Self.reserved))))
        #expect(fixture.state.appliedIndex == LogIndex(index - 1))
        #expect(fixture.revision == Revision(Int64(index)))
        // Reads fail: they could see changes of the failed entry.
        let full = StoreError.index(.full(reservedBytes: Self.reserved))
        #expect(throws: full) {
            try fixture.state.store.history(from: 2, revisions: .max, bytes: .max)
        }
        #expect(throws: (any Error).self) { try fixture.pair(key(next)) }
        // Nothing more is written to the file: a restart continues from the log.
        #expect(throws: full) { try fixture.state.store.persist() }
        try fixture.restart(persisting: false)
        #expect(fixture.state.appliedIndex == 1 && fixture.revision == 2)
        #expect(try fixture.pair(key(30)) == nil)
    }
}
