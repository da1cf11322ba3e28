import Identifiers
import Testing

@testable import GRPCServices

@Suite("The pace of a snapshot")
struct SnapshotPaceTests {
    private let pieceBytes = 32 << 10

    /// Nanoseconds of the pause after each piece, while `growth` entries are applied per piece.
    private func rests(pieces: Int, appliedForEach growth: UInt64) -> [Int64] {
        var pace = SnapshotPace()
        return (0..<UInt64(pieces)).map { number in
            pace.rest(afterBytes: pieceBytes, applied: LogIndex(100 + number * growth)).nanoseconds
        }
    }

    @Test func itPausesAfterEachBurstWhileEntriesAreApplied() {
        let rests = rests(pieces: 400, appliedForEach: 1)
        for burst in stride(from: 0, to: rests.count, by: 4) {
            #expect(rests[burst..<burst + 3].allSatisfy { $0 == 0 })
            #expect(rests[burst + 3] > 0)
        }
    }

    @Test func pausesAreProportionalToTheSize() {
        var small = SnapshotPace()
        var large = SnapshotPace()
        let rest = small.rest(afterBytes: 128 << 10, applied: 1).nanoseconds
        #expect(large.rest(afterBytes: 256 << 10, applied: 1).nanoseconds == 2 * rest)
    }

    @Test func itStopsPausingWhenNothingIsApplied() {
        let rests = rests(pieces: 1000, appliedForEach: 0)
        #expect(rests[3] > 0)
        #expect(rests.suffix(500).allSatisfy { $0 == 0 })
    }

    @Test func itPausesAgainOnceSomethingIsApplied() {
        var pace = SnapshotPace()
        for _ in 0..<1000 { _ = pace.rest(afterBytes: 128 << 10, applied: 7) }
        #expect(pace.rest(afterBytes: 128 << 10, applied: 7).nanoseconds == 0)
        #expect(pace.rest(afterBytes: 128 << 10, applied: 8).nanoseconds > 0)
    }
}
