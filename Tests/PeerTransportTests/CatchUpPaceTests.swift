import NIOCore
import PeerTransport
import Raft
import Testing

@Suite("The pace of a member that catches up")
struct CatchUpPaceTests {
    /// A piece of so many entries from `first`, sent when so much was committed.
    private func piece(first: UInt64, count: Int, commit: UInt64) -> [Raft.Message] {
        let entries = (0..<UInt64(count)).map {
            Entry(term: Term(1), index: LogIndex(first + $0), data: [1])
        }
        return [
            Raft.Message(
                type: .append, to: MemberID(2), from: MemberID(1), term: Term(1),
                logTerm: Term(1), index: LogIndex(first - 1), commit: LogIndex(commit),
                entries: entries)
        ]
    }

    @Test func itRestsWhileTheClusterWorks() {
        var pace = CatchUpPace()
        let rests = (0..<50).map { number in
            pace.rest(
                after: piece(first: 1 + number * 1000, count: 1000, commit: 100_000 + number),
                bytes: 256 << 10)
        }
        #expect(rests.allSatisfy { $0 > .zero && $0 <= .milliseconds(8) })
    }

    @Test func itNeverRestsForAMemberThatKeepsUp() {
        var pace = CatchUpPace()
        for number in UInt64(0)..<50 {
            let first = 1 + number * 1000
            #expect(
                pace.rest(after: piece(first: first, count: 1000, commit: first), bytes: 256 << 10)
                    == .zero)
        }
    }

    @Test func itRestsTheLessTheFasterTheLogGrows() {
        func rest(growth: UInt64) -> TimeAmount {
            var pace = CatchUpPace()
            _ = pace.rest(after: piece(first: 1, count: 1000, commit: 100_000), bytes: 256 << 10)
            return pace.rest(
                after: piece(first: 1001, count: 1000, commit: 100_000 + growth), bytes: 256 << 10)
        }
        #expect(rest(growth: 10) > rest(growth: 100))
        #expect(rest(growth: 100) > rest(growth: 200))
        #expect(rest(growth: 250) == .zero)
        #expect(rest(growth: 100_000) == .zero)
    }

    @Test func itEndsItsRestsInAnIdleCluster() {
        var pace = CatchUpPace()
        let rests = (0..<100).map { number in
            pace.rest(
                after: piece(first: 1 + number * 1000, count: 1000, commit: 200_000),
                bytes: 256 << 10)
        }
        #expect(rests.first! > .zero)
        #expect(rests.last! == .zero)
    }

    @Test func messagesWithoutEntriesSayNothing() {
        var pace = CatchUpPace()
        let empty = Raft.Message(
            type: .append, to: MemberID(2), from: MemberID(1), index: LogIndex(1),
            commit: LogIndex(1_000_000))
        #expect(pace.rest(after: [empty], bytes: 64) == .zero)
    }
}
