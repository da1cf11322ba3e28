import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import Membership
import MonotonicClock
import Testing

@testable import StateMachine

@Suite("Determinism")
struct DeterminismTests {
    /// Applies random entries of every kind, determined by the generator.
    private struct Load {
        var generator: SeededGenerator

        mutating func number(_ range: Range<Int64>) -> Int64 {
            Int64.random(in: range, using: &generator)
        }

        mutating func key() -> String { "key\(number(0..<12))" }

        mutating func operation(depth: Int) -> RequestOp {
            switch number(0..<8) {
            case 0, 1, 2: putting(key(), "\(number(0..<99))", lease: number(0..<5))
            case 3: deleting(key())
            case 4: deleting(key(), end: key())
            case 5: reading(key(), revision: Revision(number(0..<4)))
            case 6 where depth > 0: .txn(transaction(depth: depth - 1))
            default: putting(key(), "x")
            }
        }

        mutating func transaction(depth: Int) -> TxnRequest {
            let compare = Compare(
                result: .greater, target: .mod, key: bytes(key())[...],
                operand: .modRevision(number(0..<60)))
            var success: [RequestOp] = []
            var failure: [RequestOp] = []
            for _ in 0..<number(0..<4) { success.append(operation(depth: depth)) }
            for _ in 0..<number(0..<4) { failure.append(operation(depth: depth)) }
            return TxnRequest(compare: [compare], success: success, failure: failure)
        }

        mutating func step(_ fixture: StateFixture) throws {
            switch number(0..<14) {
            case 0...3:
                try fixture.put(key(), "\(number(0..<99))", lease: number(0..<5))
            case 4: try fixture.put(key(), ignoreValue: true)
            case 5: try fixture.delete(key(), end: number(0..<2) == 0 ? "" : key())
            case 6...8: try fixture.txn(transaction(depth: 2))
            case 9: try fixture.grant(number(1..<5), seconds: number(1..<90))
            case 10: try fixture.revoke(number(1..<5))
            case 11: try fixture.compact(Revision(number(0..<fixture.revision.rawValue + 2)))
            case 12:
                let member = Member(
                    id: MemberID(rawValue: UInt64(number(1..<6))),
                    peerURLs: ["http://h\(number(0..<6))"])
                let isRemoval = number(0..<3) == 0
                try fixture.apply(
                    .memberChange,
                    RaftConfChange(
                        type: isRemoval ? .removeNode : .addNode, nodeID: member.id.rawValue,
                        context: bytes(member.json)
                    ).encoded())
            default:
                try fixture.alarm(number(0..<2) == 0 ? .get : .deactivate, .nospace)
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func equalEntriesProduceEqualStates(seed: UInt64) throws {
        let left = try StateFixture()
        let right = try StateFixture()
        var load = Load(generator: SeededGenerator(seed: seed))
        var sameLoad = Load(generator: SeededGenerator(seed: seed))
        for step in 0..<400 {
            try load.step(left)
            // The other member has no waiting callers for most responses. It persists at other
            // times, restarts and becomes leader.
            right.isAwaited = step % 5 == 0
            try sameLoad.step(right)
            if step % 37 == 0 { try right.restart() }
            if step % 50 == 0 {
                right.state.lessor.promote(
                    inTerm: 1, extraTime: .seconds(1), now: MonotonicTime(milliseconds: Int64(step))
                )
            }
            try #require(
                left.revision == right.revision && left.lastError == right.lastError,
                "seed \(seed), step \(step)")
        }
        try left.finishCompactions()
        try right.finishCompactions()
        #expect(
            try left.state.store.hashKV(at: 0).hash == right.state.store.hashKV(at: 0).hash,
            "seed \(seed)")
        #expect(try left.fileHash() == right.fileHash(), "seed \(seed)")
        #expect(left.state.membership.members == right.state.membership.members)
        // Reading the file again gives the same state.
        let hash = try left.fileHash()
        try left.restart()
        #expect(try left.fileHash() == hash, "seed \(seed)")
    }
}
