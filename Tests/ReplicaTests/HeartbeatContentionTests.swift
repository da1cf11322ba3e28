import Identifiers
import Testing

@testable import Replica

@Suite("Late heartbeats")
struct HeartbeatContentionTests {
    private let millisecond: Int64 = 1_000_000
    private let first = MemberID(2)
    private let second = MemberID(3)

    @Test func areThoseAfterMoreThanTwoIntervals() {
        var contention = HeartbeatContention(heartbeatMilliseconds: 100)
        #expect(contention.expectedNanoseconds == 200 * millisecond)
        #expect(contention.observe(first, atNanoseconds: 5_000 * millisecond) == nil)
        #expect(contention.observe(first, atNanoseconds: 5_100 * millisecond) == nil)
        #expect(contention.observe(first, atNanoseconds: 5_300 * millisecond) == nil)
        #expect(contention.observe(first, atNanoseconds: 5_507 * millisecond) == 7 * millisecond)
        #expect(
            contention.observe(first, atNanoseconds: 5_600 * millisecond) == nil,
            "a late one counts once")
    }

    @Test func areCountedForEachMember() {
        var contention = HeartbeatContention(heartbeatMilliseconds: 10)
        #expect(contention.observe(first, atNanoseconds: 0) == nil)
        #expect(contention.observe(second, atNanoseconds: 100 * millisecond) == nil)
        #expect(contention.observe(second, atNanoseconds: 115 * millisecond) == nil)
        #expect(contention.observe(first, atNanoseconds: 115 * millisecond) == 95 * millisecond)
    }

    @Test func doNotCountTheTimeBeforeAChangeOfLeader() {
        var contention = HeartbeatContention(heartbeatMilliseconds: 10)
        #expect(contention.observe(first, atNanoseconds: 0) == nil)
        contention.reset()
        #expect(contention.observe(first, atNanoseconds: 900 * millisecond) == nil)
        #expect(contention.observe(first, atNanoseconds: 921 * millisecond) == 1 * millisecond)
    }
}
