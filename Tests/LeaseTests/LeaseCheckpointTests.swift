import Bolt
import Disk
import EtcdAPI
import MonotonicClock
import TestSupport
import Testing

@testable import Lease

@Suite("Lease checkpoints")
struct LeaseCheckpointTests {
    private static let interval = TimeSpan.seconds(300)

    @Test func longLeasesAreCheckpointedOncePerIntervalAndResetByARenewal() throws {
        var fixture = try LeaseFixture(now: 0, checkpointInterval: Self.interval)
        try fixture.grant(1, seconds: 1000)
        try fixture.grant(2, seconds: 300)
        #expect(due(&fixture, now: 299_999).isEmpty)
        #expect(due(&fixture, now: 300_000) == [1: 700])
        #expect(due(&fixture, now: 900_000).isEmpty, "no other one before it is applied")
        apply(1, 700, &fixture, now: 300_000)
        #expect(due(&fixture, now: 600_500) == [1: 400])
        apply(1, 400, &fixture, now: 600_500)
        #expect(fixture.lessor.renew(lease(1), now: 600_600) == .checkpointed)
        apply(1, 0, &fixture, now: 600_700)
        #expect(fixture.lessor.renew(lease(1), now: 600_700) == .renewed(seconds: 1000))
        #expect(due(&fixture, now: 900_699).isEmpty)
        #expect(due(&fixture, now: 900_700) == [1: 700])
    }

    /// It may be applied after the renewal, and a later leader would start from it.
    @Test func aRenewalResetsAPendingCheckpoint() throws {
        var fixture = try LeaseFixture(now: 0, checkpointInterval: Self.interval)
        try fixture.grant(1, seconds: 1000)
        #expect(due(&fixture, now: 300_000) == [1: 700])
        #expect(fixture.lessor.renew(lease(1), now: 300_100) == .checkpointed)
        apply(1, 700, &fixture, now: 300_200)
        #expect(fixture.lessor.renew(lease(1), now: 300_300) == .checkpointed)
        apply(1, 0, &fixture, now: 300_400)
        #expect(fixture.lessor.renew(lease(1), now: 300_500) == .renewed(seconds: 1000))
    }

    @Test func aRevokedOrRenewedLeaseIsNotCheckpointed() throws {
        var fixture = try LeaseFixture(now: 0, checkpointInterval: Self.interval)
        try fixture.grant(1, seconds: 1000)
        try fixture.grant(2, seconds: 1000)
        _ = try fixture.lessor.revoke(lease(1), into: &fixture.batch)
        #expect(fixture.lessor.renew(lease(2), now: 300_000) == .renewed(seconds: 1000))
        #expect(due(&fixture, now: 300_000).isEmpty)
    }

    @Test func aPromotionSchedulesAllAndADemotionRemovesThem() throws {
        var fixture = try LeaseFixture(checkpointInterval: Self.interval)
        try fixture.grant(1, seconds: 1000)
        #expect(due(&fixture, now: .distantFuture).isEmpty)
        fixture.lessor.promote(inTerm: 2, extraTime: 0, now: 1_000_000)
        #expect(due(&fixture, now: 1_300_000) == [1: 700])
        fixture.lessor.demote()
        #expect(due(&fixture, now: .distantFuture).isEmpty)
        var without = try LeaseFixture(now: 0)
        try without.grant(1, seconds: 1000)
        #expect(due(&without, now: 900_000).isEmpty)
    }

    private func due(_ fixture: inout LeaseFixture, now: MonotonicTime) -> [Int64: Int64] {
        let taken = fixture.lessor.takeCheckpoints(limit: 100, now: now)
        return Dictionary(uniqueKeysWithValues: taken.map { ($0.id.rawValue, $0.remainingSeconds) })
    }

    private func apply(
        _ id: Int64, _ seconds: Int64, _ fixture: inout LeaseFixture, now: MonotonicTime
    ) {
        fixture.lessor.checkpoint(
            lease(id), remainingSeconds: seconds, persist: true, into: &fixture.batch)
        fixture.lessor.scheduleCheckpoint(of: lease(id), now: now)
    }
}
