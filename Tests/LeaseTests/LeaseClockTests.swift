import Bolt
import Disk
import EtcdAPI
import MonotonicClock
import TestSupport
import Testing

@testable import Lease

@Suite("Lease clocks")
struct LeaseClockTests {
    @Test func clocksOnlyRunOnThePrimary() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 10, now: 1_000)
        #expect(fixture.lessor[lease(1)]?.expiry == nil)
        #expect(fixture.lessor.takeExpired(limit: 10, now: .distantFuture).isEmpty)
        #expect(fixture.lessor.renew(lease(1), now: 5_000) == .expiring)
        #expect(fixture.lessor[lease(1)]?.remainingSeconds(at: 999_999) == 10)

        fixture.lessor.promote(inTerm: 2, extraTime: 500, now: 20_000)
        #expect(fixture.lessor.isPrimary)
        #expect(fixture.lessor[lease(1)]?.expiry == 30_500)
        try fixture.grant(2, seconds: 3, now: 21_000)
        #expect(fixture.lessor[lease(2)]?.expiry == 24_000)

        fixture.lessor.demote()
        #expect(!fixture.lessor.isPrimary)
        #expect(fixture.lessor[lease(1)]?.expiry == nil)
        #expect(fixture.lessor[lease(2)]?.expiry == nil)
        #expect(fixture.lessor.takeExpired(limit: 10, now: .distantFuture).isEmpty)
    }

    @Test func aPromotionStartsFromTheCheckpointedTTL() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 100)
        fixture.lessor.checkpoint(
            lease(1), remainingSeconds: 40, persist: true, into: &fixture.batch)
        fixture.lessor.promote(inTerm: 2, extraTime: 0, now: 0)
        #expect(fixture.lessor[lease(1)]?.expiry == 40_000)
        // A renewal resets the checkpoint and restarts the full TTL.
        #expect(fixture.lessor.renew(lease(1), now: 1_000) == .renewed(seconds: 100))
        #expect(fixture.lessor[lease(1)]?.expiry == 101_000)
        #expect(fixture.lessor[lease(1)]?.checkpointedSeconds == 0)
    }

    @Test func aPromotionSpreadsManyExpiries() throws {
        var fixture = try LeaseFixture()
        for id in Int64(1)...3_000 { try fixture.grant(id, seconds: 10) }
        fixture.lessor.promote(inTerm: 2, extraTime: 1_000, now: 0)
        var expiriesInSecond: [Int64: Int] = [:]
        for lease in fixture.lessor.listing.byExpiry {
            let expiry = lease.expiry
            #expect(expiry >= 11_000, "spreading shortens no lease")
            expiriesInSecond[expiry.milliseconds / 1000, default: 0] += 1
        }
        #expect(expiriesInSecond == [11: 750, 12: 750, 13: 750, 14: 750])
    }

    @Test func aPromotionDoesNotSpreadFewExpiries() throws {
        var fixture = try LeaseFixture()
        for id in Int64(1)...1_000 { try fixture.grant(id, seconds: 10) }
        fixture.lessor.promote(inTerm: 2, extraTime: 0, now: 0)
        #expect(fixture.lessor.listing.byExpiry.allSatisfy { $0.expiry == 10_000 })
    }

    @Test func renewalsReturnTheirResult() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 10)
        #expect(fixture.lessor.renew(lease(1), now: 9_999) == .renewed(seconds: 10))
        #expect(fixture.lessor.renew(lease(1), now: 19_999) == .expiring)
        #expect(fixture.lessor.renew(lease(2), now: 0) == .notFound)
        _ = try fixture.lessor.revoke(lease(1), into: &fixture.batch)
        #expect(fixture.lessor.renew(lease(1), now: 0) == .notFound)
    }

    @Test func reportsExpiredLeasesUpToTheLimitAndAgainAfterThreeSeconds() throws {
        var fixture = try LeaseFixture(now: 0)
        for id in Int64(1)...5 { try fixture.grant(id, seconds: id + 1) }
        #expect(fixture.lessor.takeExpired(limit: 10, now: 1_999).isEmpty)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 2_000) == [lease(1)])
        #expect(fixture.lessor.takeExpired(limit: 2, now: 4_500) == [lease(2), lease(3)])
        #expect(fixture.lessor.takeExpired(limit: 10, now: 4_999).isEmpty)
        // The revocation of 1 failed; 4 has expired meanwhile.
        #expect(fixture.lessor.takeExpired(limit: 10, now: 5_000) == [lease(1), lease(4)])
        for id in Int64(1)...5 {
            _ = try fixture.lessor.revoke(lease(id), into: &fixture.batch)
        }
        #expect(fixture.lessor.takeExpired(limit: 10, now: 1_000_000).isEmpty)
    }

    @Test func reportedLeasesCountUntilTheyAreRevokedOrForgotten() throws {
        var fixture = try LeaseFixture(now: 0)
        for id in Int64(1)...5 { try fixture.grant(id, seconds: 2) }
        #expect(!fixture.lessor.hasExpired(at: 1_999) && fixture.lessor.hasExpired(at: 2_000))
        #expect(fixture.lessor.takeExpired(limit: 3, now: 2_000).count == 3)
        #expect(fixture.lessor.reportedCount == 3 && fixture.lessor.hasExpired(at: 2_000))
        _ = try fixture.lessor.revoke(lease(1), into: &fixture.batch)
        #expect(fixture.lessor.reportedCount == 2)
        #expect(fixture.lessor.takeExpired(limit: 3, now: 2_000).count == 2)
        #expect(fixture.lessor.reportedCount == 4 && !fixture.lessor.hasExpired(at: 2_000))
        fixture.lessor.forgetReported()
        #expect(fixture.lessor.reportedCount == 0)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 5_000).count == 4)
        fixture.lessor.demote()
        #expect(fixture.lessor.reportedCount == 0 && !fixture.lessor.hasExpired(at: 9_000))
    }

    @Test func aRenewedLeaseIsReportedAtItsNewExpiry() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 5)
        for milliseconds in stride(from: Int64(1_000), through: 60_000, by: 1_000) {
            let now = MonotonicTime(milliseconds: milliseconds)
            #expect(fixture.lessor.renew(lease(1), now: now) == .renewed(seconds: 5))
            #expect(fixture.lessor.takeExpired(limit: 10, now: now).isEmpty)
        }
        #expect(fixture.lessor.takeExpired(limit: 10, now: 64_999).isEmpty)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 65_000) == [lease(1)])
    }

    @Test func aLeaseGrantedAgainWithTheSameIDHasANewExpiry() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 100)
        _ = try fixture.lessor.revoke(lease(1), into: &fixture.batch)
        try fixture.grant(1, seconds: 5, now: 1_000)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 6_000) == [lease(1)])
        _ = try fixture.lessor.revoke(lease(1), into: &fixture.batch)
        try fixture.grant(1, seconds: 1_000, now: 6_000)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 200_000).isEmpty)
    }

    @Test(
        arguments: [(0, 10), (1, 9), (999, 9), (1_000, 9), (9_001, 0), (10_000, 0), (99_999, 0)]
            as [(Int64, Int64)])
    func remainingSecondsAreRoundedDown(now: Int64, remaining: Int64) throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 10)
        #expect(
            fixture.lessor[lease(1)]?.remainingSeconds(at: MonotonicTime(milliseconds: now))
                == remaining)
    }

    @Test func leasesAreOrderedByExpiry() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(3, seconds: 10)
        try fixture.grant(1, seconds: 30)
        try fixture.grant(2, seconds: 10)
        #expect(fixture.lessor.listing.byExpiry.map(\.id.rawValue) == [2, 3, 1])
        fixture.lessor.demote()
        #expect(fixture.lessor.listing.byExpiry.map(\.id.rawValue) == [1, 2, 3])
    }

    @Test func theExpiryQueueReturnsTimesInOrder() {
        let seed: UInt64 = 3
        var generator = SeededGenerator(seed: seed)
        var queue = ExpiryQueue()
        var expected: [(Int64, Int64)] = []
        for _ in 0..<500 {
            let entry = (
                Int64.random(in: 0..<50, using: &generator),
                Int64.random(in: 1..<100, using: &generator)
            )
            queue.insert(lease(entry.1), at: MonotonicTime(milliseconds: entry.0))
            expected.append(entry)
        }
        expected.sort { $0 < $1 }
        for (time, id) in expected {
            #expect(
                queue.first?.time.milliseconds == time && queue.first?.id == lease(id),
                "seed \(seed)")
            queue.removeFirst()
        }
        #expect(queue.first == nil)
        queue.removeFirst()
    }
}
