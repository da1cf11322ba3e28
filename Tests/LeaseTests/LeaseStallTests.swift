import EtcdAPI
import Testing

@testable import Lease

@Suite("Stalls and leases")
struct LeaseStallTests {
    private static let limit: Int64 = 1_000

    private func stall(
        _ fixture: inout LeaseFixture, milliseconds: Int64, until now: ClockMilliseconds
    ) {
        fixture.lessor.extend(byStall: milliseconds, limitMilliseconds: Self.limit, now: now)
    }

    @Test func aStallIsGivenBack() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 10)
        stall(&fixture, milliseconds: 600, until: 5_000)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 10_599).isEmpty)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 10_600) == [lease(1)])
    }

    @Test func recurringStallsDoNotKeepTheLeaseOfAClientThatIsGone() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 10)
        var now: ClockMilliseconds = 0
        while fixture.lessor.takeExpired(limit: 10, now: now).isEmpty {
            now += 500
            try #require(now <= 11_000, "stalls add no more than an election timeout")
            stall(&fixture, milliseconds: 500, until: now)
        }
        #expect(now == 11_000)
    }

    @Test func aStallWithinWhichALeaseEndsIsGivenBackToo() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 10)
        stall(&fixture, milliseconds: 800, until: 10_300)
        #expect(fixture.lessor.renew(lease(1), now: 10_300) == .renewed(seconds: 10))
    }

    @Test func aLeaseThatWasOverBeforeTheStallStaysOver() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 10)
        #expect(fixture.lessor.takeExpired(limit: 10, now: 10_000) == [lease(1)])
        stall(&fixture, milliseconds: 600, until: 10_600)
        #expect(fixture.lessor.renew(lease(1), now: 10_600) == .expiring)
    }

    enum Start: CaseIterable { case renewal, promotion, grant }

    @Test(arguments: Start.allCases)
    func theBoundIsSinceTheClockWasStarted(_ start: Start) throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(1, seconds: 10)
        stall(&fixture, milliseconds: 5_000, until: 5_000)
        #expect(fixture.lessor[lease(1)]?.expiry == 11_000)
        switch start {
        case .renewal: _ = fixture.lessor.renew(lease(1), now: 6_000)
        case .promotion: fixture.lessor.promote(extensionMilliseconds: 0, now: 6_000)
        case .grant:
            _ = try fixture.lessor.revoke(lease(1), into: &fixture.batch)
            try fixture.grant(1, seconds: 10, now: 6_000)
        }
        stall(&fixture, milliseconds: 700, until: 7_000)
        stall(&fixture, milliseconds: 700, until: 8_000)
        #expect(fixture.lessor[lease(1)]?.expiry == 17_000)
    }

    @Test func aStallIsNothingToAFollower() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 10)
        stall(&fixture, milliseconds: 600, until: 5_000)
        #expect(fixture.lessor[lease(1)]?.expiry == nil)
    }
}
