import Identifiers
import MonotonicClock
import PeerTransport
import Raft
import Testing

@Suite("Pace of a member that catches up")
struct CatchUpPaceTests {
    /// A chunk of `count` entries from `first` with this commit index.
    private func chunk(first: UInt64, count: Int, commit: UInt64) -> [Raft.Message] {
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

    @Test func delaysInABusyCluster() {
        var pace = CatchUpPace()
        let delays = (0..<50).map { number in
            pace.delay(
                after: chunk(first: 1 + number * 1000, count: 1000, commit: 100_000 + number),
                bytes: 256 << 10)
        }
        #expect(delays.allSatisfy { $0 > .zero && $0 <= .milliseconds(8) })
    }

    @Test func noDelayForAMemberThatKeepsUp() {
        var pace = CatchUpPace()
        for number in UInt64(0)..<50 {
            let first = 1 + number * 1000
            #expect(
                pace.delay(after: chunk(first: first, count: 1000, commit: first), bytes: 256 << 10)
                    == .zero)
        }
    }

    @Test func delaysShrinkAsTheLogGrowsFaster() {
        func delay(growth: UInt64) -> TimeSpan {
            var pace = CatchUpPace()
            _ = pace.delay(after: chunk(first: 1, count: 1000, commit: 100_000), bytes: 256 << 10)
            return pace.delay(
                after: chunk(first: 1001, count: 1000, commit: 100_000 + growth), bytes: 256 << 10)
        }
        #expect(delay(growth: 10) > delay(growth: 100))
        #expect(delay(growth: 100) > delay(growth: 200))
        #expect(delay(growth: 250) == .zero)
        #expect(delay(growth: 100_000) == .zero)
    }

    @Test func noDelaysInAnIdleCluster() {
        var pace = CatchUpPace()
        let delays = (0..<100).map { number in
            pace.delay(
                after: chunk(first: 1 + number * 1000, count: 1000, commit: 200_000),
                bytes: 256 << 10)
        }
        #expect(delays.first! > .zero)
        #expect(delays.last! == .zero)
    }

    @Test func messagesWithoutEntriesAreIgnored() {
        var pace = CatchUpPace()
        let empty = Raft.Message(
            type: .append, to: MemberID(2), from: MemberID(1), index: LogIndex(1),
            commit: LogIndex(1_000_000))
        #expect(pace.delay(after: [empty], bytes: 64) == .zero)
    }
}
