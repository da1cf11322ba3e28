import Identifiers
import MonotonicClock
import TestSupport
import Testing

@testable import Replica

@Suite("Late heartbeats")
struct HeartbeatContentionTests {
    private let first = MemberID(2)
    private let second = MemberID(3)

    @Test func areThoseAfterMoreThanTwoIntervals() {
        var contention = HeartbeatContention(heartbeatInterval: 100)
        #expect(contention.expected == 200)
        #expect(contention.observe(first, at: 5_000) == nil)
        #expect(contention.observe(first, at: 5_100) == nil)
        #expect(contention.observe(first, at: 5_300) == nil)
        #expect(contention.observe(first, at: 5_507) == 7)
        #expect(
            contention.observe(first, at: 5_600) == nil,
            "a late one counts once")
    }

    @Test func areCountedForEachMember() {
        var contention = HeartbeatContention(heartbeatInterval: 10)
        #expect(contention.observe(first, at: 0) == nil)
        #expect(contention.observe(second, at: 100) == nil)
        #expect(contention.observe(second, at: 115) == nil)
        #expect(contention.observe(first, at: 115) == 95)
    }

    @Test func doNotCountTheTimeBeforeAChangeOfLeader() {
        var contention = HeartbeatContention(heartbeatInterval: 10)
        #expect(contention.observe(first, at: 0) == nil)
        contention.reset()
        #expect(contention.observe(first, at: 900) == nil)
        #expect(contention.observe(first, at: 921) == 1)
    }
}
