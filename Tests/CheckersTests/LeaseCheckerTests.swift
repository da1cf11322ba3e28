import Checkers
import Testing

@Suite("Lease checker")
struct LeaseCheckerTests {
    private static let second: Int64 = 1_000_000_000

    private static func checker(drift: Int = 0, seconds: Int64 = 10) throws -> LeaseChecker {
        var checker = LeaseChecker(driftMillionths: drift)
        checker.faultFreeSince = 0
        try checker.granted(1, seconds: seconds, at: 0)
        checker.promise(1, seconds: seconds, from: 0)
        return checker
    }

    @Test func anEndInTimeIsSound() throws {
        var checker = try Self.checker()
        try checker.revoked(1, at: 10 * Self.second)
        #expect(checker.live == [])
    }

    @Test func anEarlyEndIsFound() throws {
        var checker = try Self.checker()
        #expect(throws: Finding.self) { try checker.revoked(1, at: 9 * Self.second) }
    }

    @Test func aRenewalCounts() throws {
        var checker = try Self.checker()
        checker.promise(1, seconds: 10, from: 5 * Self.second)
        #expect(throws: Finding.self) { try checker.revoked(1, at: 12 * Self.second) }
    }

    @Test func aRenewalAcknowledgedBeforeTheGrantIsSeenCounts() throws {
        var checker = LeaseChecker(driftMillionths: 0)
        checker.promise(1, seconds: 10, from: 0)
        try checker.granted(1, seconds: 10, at: Self.second)
        #expect(throws: Finding.self) { try checker.revoked(1, at: 9 * Self.second) }
    }

    @Test func aFastClockMayEndALeaseByItsDriftEarlier() throws {
        var checker = try Self.checker(drift: 100_000)
        try checker.revoked(1, at: 9 * Self.second)
        checker = try Self.checker(drift: 100_000)
        #expect(throws: Finding.self) { try checker.revoked(1, at: 89 * Self.second / 10) }
    }

    @Test func aClockJumpVoidsEarlierPromises() throws {
        var checker = try Self.checker()
        checker.clockJumped(at: Self.second)
        // A call that began before the jump may have been served by the clock before it.
        checker.promise(1, seconds: 10, from: Self.second / 2)
        try checker.revoked(1, at: 2 * Self.second)
        checker = try Self.checker()
        checker.clockJumped(at: Self.second)
        checker.promise(1, seconds: 10, from: 2 * Self.second)
        #expect(throws: Finding.self) { try checker.revoked(1, at: 3 * Self.second) }
    }

    @Test func aLeaseThatAClientRevokesMayEndAtOnce() throws {
        var checker = try Self.checker()
        checker.revocationRequested(1)
        try checker.revoked(1, at: Self.second)
    }

    @Test func aLateEndIsFound() throws {
        var checker = try Self.checker()
        try checker.requireNoneOverdue(at: 17 * Self.second)
        #expect(throws: Finding.self) { try checker.requireNoneOverdue(at: 19 * Self.second) }
        #expect(throws: Finding.self) { try checker.revoked(1, at: 19 * Self.second) }
    }

    @Test func renewalsAndNewLeadersExtendALease() throws {
        var renewed = try Self.checker()
        renewed.clockRestarted(1, at: 5 * Self.second)
        try renewed.revoked(1, at: 22 * Self.second)
        var led = try Self.checker()
        led.promoted(at: 5 * Self.second)
        try led.requireNoneOverdue(at: 22 * Self.second)
    }

    @Test func lateEndsAreAllowedDuringFaults() throws {
        var checker = try Self.checker()
        checker.faultFreeSince = nil
        try checker.requireNoneOverdue(at: 100 * Self.second)
        checker.faultFreeSince = 90 * Self.second
        try checker.requireNoneOverdue(at: 100 * Self.second)
        #expect(throws: Finding.self) { try checker.requireNoneOverdue(at: 107 * Self.second) }
    }

    @Test func onlyLiveLeasesEndAndOnlyOnce() throws {
        var checker = try Self.checker()
        #expect(throws: Finding.self) { try checker.granted(1, seconds: 5, at: 1) }
        #expect(throws: Finding.self) { try checker.revoked(2, at: 1) }
        #expect(throws: Finding.self) { try checker.requireMissing(1) }
        #expect(throws: Finding.self) { try checker.requireExists(2) }
        try checker.requireMissing(2)
        try checker.requireExists(1)
    }

    @Test func aRevocationDeletesItsKeysAndNoOthers() throws {
        let checker = try Self.checker()
        let deletions = ["a", "b"].map { RecordedChange.deletion(of: $0, at: 5) }
        try checker.requireKeys(of: 1, ["a", "b"], deletedBy: deletions)
        for wrong in [["a"], ["b", "a"], ["a", "b", "c"], []] {
            #expect(throws: Finding.self) {
                try checker.requireKeys(of: 1, wrong, deletedBy: deletions)
            }
        }
    }

    @Test func aTimeToLiveMustAgreeWithThePromise() throws {
        let checker = try Self.checker()
        func report(
            _ granted: Int64, _ remaining: Int64, _ keys: [String] = []
        ) -> RecordedTimeToLive {
            RecordedTimeToLive(grantedSeconds: granted, remainingSeconds: remaining, keys: keys)
        }
        try checker.require(report(10, 5), of: 1, keys: [], at: 5 * Self.second)
        try checker.require(report(10, 6), of: 1, keys: [], at: 5 * Self.second)
        // Nothing has restarted its clock.
        let tooLong = [report(10, 8), report(10, 11)]
        let wrong = tooLong + [report(9, 5), report(10, 12), report(10, 3), report(10, -1)]
        for report in wrong + [report(10, 5, ["a"])] {
            #expect(throws: Finding.self, "\(report)") {
                try checker.require(report, of: 1, keys: [], at: 5 * Self.second)
            }
        }
    }
}
