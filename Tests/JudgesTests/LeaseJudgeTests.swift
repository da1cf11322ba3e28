import Judges
import Testing

@Suite("Judge of leases")
struct LeaseJudgeTests {
    private static let second: Int64 = 1_000_000_000

    private static func judge(drift: Int = 0, seconds: Int64 = 10) throws -> LeaseJudge {
        var judge = LeaseJudge(driftMillionths: drift)
        judge.quietSince = 0
        try judge.granted(1, seconds: seconds, at: 0)
        judge.promise(1, seconds: seconds, from: 0)
        return judge
    }

    @Test func anEndInTimeIsSound() throws {
        var judge = try Self.judge()
        try judge.ended(1, at: 10 * Self.second)
        #expect(judge.alive == [])
    }

    @Test func anEarlyEndIsFound() throws {
        var judge = try Self.judge()
        #expect(throws: Finding.self) { try judge.ended(1, at: 9 * Self.second) }
    }

    @Test func aRenewalCounts() throws {
        var judge = try Self.judge()
        judge.promise(1, seconds: 10, from: 5 * Self.second)
        #expect(throws: Finding.self) { try judge.ended(1, at: 12 * Self.second) }
    }

    @Test func aRenewalCountsThatIsAnsweredBeforeTheGrantIsSeen() throws {
        var judge = LeaseJudge(driftMillionths: 0)
        judge.promise(1, seconds: 10, from: 0)
        try judge.granted(1, seconds: 10, at: Self.second)
        #expect(throws: Finding.self) { try judge.ended(1, at: 9 * Self.second) }
    }

    @Test func aFastClockMayEndALeaseByItsDriftEarlier() throws {
        var judge = try Self.judge(drift: 100_000)
        try judge.ended(1, at: 9 * Self.second)
        judge = try Self.judge(drift: 100_000)
        #expect(throws: Finding.self) { try judge.ended(1, at: 89 * Self.second / 10) }
    }

    @Test func aClockThatJumpsExcusesWhatWasPromisedBefore() throws {
        var judge = try Self.judge()
        judge.clockJumped(at: Self.second)
        // A call that began before may have been answered by the clock before.
        judge.promise(1, seconds: 10, from: Self.second / 2)
        try judge.ended(1, at: 2 * Self.second)
        judge = try Self.judge()
        judge.clockJumped(at: Self.second)
        judge.promise(1, seconds: 10, from: 2 * Self.second)
        #expect(throws: Finding.self) { try judge.ended(1, at: 3 * Self.second) }
    }

    @Test func aLeaseThatAClientRevokesMayEndAtOnce() throws {
        var judge = try Self.judge()
        judge.renounce(1)
        try judge.ended(1, at: Self.second)
    }

    @Test func aLateEndIsFound() throws {
        var judge = try Self.judge()
        try judge.requireNoneLate(at: 17 * Self.second)
        #expect(throws: Finding.self) { try judge.requireNoneLate(at: 19 * Self.second) }
        #expect(throws: Finding.self) { try judge.ended(1, at: 19 * Self.second) }
    }

    @Test func renewalsAndNewLeadersProlongALife() throws {
        var renewed = try Self.judge()
        renewed.restarted(1, at: 5 * Self.second)
        try renewed.ended(1, at: 22 * Self.second)
        var led = try Self.judge()
        led.promoted(at: 5 * Self.second)
        try led.requireNoneLate(at: 22 * Self.second)
    }

    @Test func whileFaultsComeALateEndIsNoFault() throws {
        var judge = try Self.judge()
        judge.quietSince = nil
        try judge.requireNoneLate(at: 100 * Self.second)
        judge.quietSince = 90 * Self.second
        try judge.requireNoneLate(at: 100 * Self.second)
        #expect(throws: Finding.self) { try judge.requireNoneLate(at: 107 * Self.second) }
    }

    @Test func onlyWhatLivesEndsAndOnlyOnce() throws {
        var judge = try Self.judge()
        #expect(throws: Finding.self) { try judge.granted(1, seconds: 5, at: 1) }
        #expect(throws: Finding.self) { try judge.ended(2, at: 1) }
        #expect(throws: Finding.self) { try judge.requireDead(1) }
        #expect(throws: Finding.self) { try judge.requireAlive(2) }
        try judge.requireDead(2)
        try judge.requireAlive(1)
    }

    @Test func theKeysOfALeaseGoWithItAndNoOthers() throws {
        let judge = try Self.judge()
        let deletions = ["a", "b"].map { RecordedChange.deletion(of: $0, at: 5) }
        try judge.requireKeys(of: 1, ["a", "b"], deletedBy: deletions)
        for wrong in [["a"], ["b", "a"], ["a", "b", "c"], []] {
            #expect(throws: Finding.self) {
                try judge.requireKeys(of: 1, wrong, deletedBy: deletions)
            }
        }
    }

    @Test func aReportHasToAgreeWithWhatWasPromised() throws {
        let judge = try Self.judge()
        func report(_ granted: Int64, _ remaining: Int64, _ keys: [String] = []) -> LeaseReport {
            LeaseReport(grantedSeconds: granted, remainingSeconds: remaining, keys: keys)
        }
        try judge.require(report(10, 5), of: 1, keys: [], at: 5 * Self.second)
        try judge.require(report(10, 6), of: 1, keys: [], at: 5 * Self.second)
        // Nobody has started its clock again.
        let tooLong = [report(10, 8), report(10, 11)]
        let wrong = tooLong + [report(9, 5), report(10, 12), report(10, 3), report(10, -1)]
        for report in wrong + [report(10, 5, ["a"])] {
            #expect(throws: Finding.self, "\(report)") {
                try judge.require(report, of: 1, keys: [], at: 5 * Self.second)
            }
        }
    }
}
