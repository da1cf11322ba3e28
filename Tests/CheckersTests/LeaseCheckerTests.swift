import Checkers
import MonotonicClock
import Testing

@Suite("Lease checker")
struct LeaseCheckerTests {
    private static func second(_ number: Int64) -> MonotonicTime {
        .zero + .seconds(number)
    }

    private static func checker(drift: Int = 0, seconds: Int64 = 10) throws -> LeaseChecker {
        var checker = LeaseChecker(driftMillionths: drift)
        checker.faultFreeSince = .zero
        try checker.granted(1, seconds: seconds, at: .zero)
        checker.promise(1, seconds: seconds, from: .zero)
        return checker
    }

    @Test func anEndInTimeIsSound() throws {
        var checker = try Self.checker()
        try checker.revoked(1, at: Self.second(10))
        #expect(checker.live == [])
    }

    @Test func anEarlyEndIsFound() throws {
        var checker = try Self.checker()
        #expect(throws: Finding.self) { try checker.revoked(1, at: Self.second(9)) }
    }

    @Test func aRenewalCounts() throws {
        var checker = try Self.checker()
        checker.promise(1, seconds: 10, from: Self.second(5))
        #expect(throws: Finding.self) { try checker.revoked(1, at: Self.second(12)) }
    }

    @Test func aRenewalAcknowledgedBeforeTheGrantIsSeenCounts() throws {
        var checker = LeaseChecker(driftMillionths: 0)
        checker.promise(1, seconds: 10, from: .zero)
        try checker.granted(1, seconds: 10, at: Self.second(1))
        #expect(throws: Finding.self) { try checker.revoked(1, at: Self.second(9)) }
    }

    @Test func aFastClockMayEndALeaseByItsDriftEarlier() throws {
        var checker = try Self.checker(drift: 100_000)
        try checker.revoked(1, at: Self.second(9))
        checker = try Self.checker(drift: 100_000)
        #expect(throws: Finding.self) {
            try checker.revoked(1, at: Self.second(9) - .milliseconds(100))
        }
    }

    @Test func aClockJumpVoidsEarlierPromises() throws {
        var checker = try Self.checker()
        checker.clockJumped(at: Self.second(1))
        // A call that began before the jump may have been served by the clock before it.
        checker.promise(1, seconds: 10, from: Self.second(1) - .milliseconds(500))
        try checker.revoked(1, at: Self.second(2))
        checker = try Self.checker()
        checker.clockJumped(at: Self.second(1))
        checker.promise(1, seconds: 10, from: Self.second(2))
        #expect(throws: Finding.self) { try checker.revoked(1, at: Self.second(3)) }
    }

    @Test func aLeaseThatAClientRevokesMayEndAtOnce() throws {
        var checker = try Self.checker()
        checker.revocationRequested(1)
        try checker.revoked(1, at: Self.second(1))
    }

    @Test func aLateEndIsFound() throws {
        var checker = try Self.checker()
        try checker.requireNoneOverdue(at: Self.second(17))
        #expect(throws: Finding.self) { try checker.requireNoneOverdue(at: Self.second(19)) }
        #expect(throws: Finding.self) { try checker.revoked(1, at: Self.second(19)) }
    }

    @Test func aLateEndIsAllowedBehindOthersButNotAfterLaterOnes() throws {
        var checker = LeaseChecker(driftMillionths: 0)
        checker.faultFreeSince = .zero
        // Leases 1 to 60 end one second after another, and one is revoked every two seconds.
        for lease in 1...60 {
            try checker.granted(Int64(lease), seconds: Int64(lease), at: .zero)
        }
        var skipping = checker
        for lease in 1...60 {
            try checker.revoked(Int64(lease), at: Self.second(Int64(2 * lease)))
            try checker.requireNoneOverdue(at: Self.second(Int64(2 * lease)))
        }
        #expect(throws: Finding.self) {
            for lease in 2...60 {
                try skipping.revoked(Int64(lease), at: Self.second(Int64(2 * lease)))
                try skipping.requireNoneOverdue(at: Self.second(Int64(2 * lease)))
            }
        }
        #expect(skipping.live.first == 1)
        #expect(skipping.live.count > 45)
    }

    @Test func anEndAfterAllOthersHaveStoppedIsFound() throws {
        var checker = try Self.checker()
        try checker.granted(2, seconds: 9, at: .zero)
        try checker.revoked(2, at: Self.second(16))
        try checker.requireNoneOverdue(at: Self.second(24))
        #expect(throws: Finding.self) { try checker.requireNoneOverdue(at: Self.second(25)) }
    }

    @Test func renewalsAndNewLeadersExtendALease() throws {
        var renewed = try Self.checker()
        renewed.clockRestarted(1, at: Self.second(5))
        try renewed.revoked(1, at: Self.second(22))
        var led = try Self.checker()
        led.promoted(at: Self.second(5))
        try led.requireNoneOverdue(at: Self.second(22))
    }

    @Test func lateEndsAreAllowedDuringFaults() throws {
        var checker = try Self.checker()
        checker.faultFreeSince = nil
        try checker.requireNoneOverdue(at: Self.second(100))
        checker.faultFreeSince = Self.second(90)
        try checker.requireNoneOverdue(at: Self.second(100))
        #expect(throws: Finding.self) { try checker.requireNoneOverdue(at: Self.second(107)) }
    }

    @Test func onlyLiveLeasesEndAndOnlyOnce() throws {
        var checker = try Self.checker()
        #expect(throws: Finding.self) { try checker.granted(1, seconds: 5, at: .zero) }
        #expect(throws: Finding.self) { try checker.revoked(2, at: .zero) }
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
        try checker.require(report(10, 5), of: 1, keys: [], at: Self.second(5))
        try checker.require(report(10, 6), of: 1, keys: [], at: Self.second(5))
        // Nothing has restarted its clock.
        let tooLong = [report(10, 8), report(10, 11)]
        let wrong = tooLong + [report(9, 5), report(10, 12), report(10, 3), report(10, -1)]
        for report in wrong + [report(10, 5, ["a"])] {
            #expect(throws: Finding.self, "\(report)") {
                try checker.require(report, of: 1, keys: [], at: Self.second(5))
            }
        }
    }
}
