import MonotonicClock
import Testing

@testable import loadgenerator

@Suite("loadgenerator: pacing and phases")
struct PacingTests {
    private func time(_ nanoseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds)
    }

    @Test func dueTimesAreEvenRegardlessOfDelays() {
        var pacing = Pacing(ratePerSecond: 1_000, beganAt: time(500))
        #expect(pacing.takeDue(by: time(500), before: .distantFuture) == time(500))
        #expect(pacing.takeDue(by: time(500), before: .distantFuture) == nil)
        let late = (0..<3).map { _ in pacing.takeDue(by: time(3_000_500), before: .distantFuture) }
        #expect(late == [1_000_500, 2_000_500, 3_000_500].map { time($0) })
        #expect(pacing.takeDue(by: time(3_000_500), before: .distantFuture) == nil)
    }

    @Test func noRequestIsDueAfterTheEnd() {
        var pacing = Pacing(ratePerSecond: 1_000, beganAt: time(0))
        #expect(pacing.takeDue(by: time(9_000_000), before: time(1_000_000)) == time(0))
        #expect(pacing.takeDue(by: time(9_000_000), before: time(1_000_000)) == nil)
    }

    @Test func waitsAtLeastATenthOfAMillisecond() {
        var pacing = Pacing(ratePerSecond: 1_000, beganAt: time(0))
        _ = pacing.takeDue(by: time(0), before: .distantFuture)
        #expect(pacing.wait(from: time(400_000)) == .nanoseconds(600_000))
        #expect(pacing.wait(from: time(999_999)) == .nanoseconds(100_000))
        #expect(pacing.wait(from: time(5_000_000)) == .nanoseconds(100_000))
    }

    @Test func aRequestBelongsToThePhaseInWhichItWasDue() {
        var phases = LoadPhases()
        phases.begin(at: time(100))
        phases.begin(at: time(200))
        phases.record(due: time(199), latency: .nanoseconds(1_000), isError: false)
        phases.record(due: time(200), latency: .nanoseconds(5), isError: true)
        phases.record(due: time(50), latency: .nanoseconds(7), isError: false)
        #expect(phases.phases.map(\.requests) == [2, 1])
        #expect(phases.phases.map(\.errors) == [0, 1])
        #expect(phases.phases[0].latencies.latencyMax == .microseconds(1))
        #expect(phases.seconds(of: 0, endedAt: time(300)) == 1e-7)
        #expect(phases.seconds(of: 1, endedAt: time(300)) == 1e-7)
    }

    @Test func phasesOfTwoLoopsAreMerged() {
        var one = LoadPhases()
        var other = LoadPhases()
        one.begin(at: time(0))
        for began in [0, 10] as [Int64] { other.begin(at: time(began)) }
        for due in [1, 11, 12] as [Int64] {
            one.record(due: time(due), latency: .nanoseconds(due), isError: false)
            other.record(due: time(due), latency: .nanoseconds(due), isError: false)
        }
        one.merge(other)
        #expect(one.phases.map(\.requests) == [4, 2])
    }

    @Test func failuresAreCountedSeparately() {
        var result = LoadResult()
        result.record(due: time(10), completed: time(30), bytes: 4, failure: nil)
        result.record(due: time(20), completed: time(25), bytes: 0, failure: "first")
        result.record(due: time(20), completed: time(22), bytes: 0, failure: "second")
        #expect(result.requests == 1)
        #expect(result.errors == 2)
        #expect(result.firstError == "first")
        #expect(result.endedAt == time(30))
        #expect(result.latencies.count == 1)
    }
}
