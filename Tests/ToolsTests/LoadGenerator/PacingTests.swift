import Testing

@testable import loadgenerator

@Suite("loadgenerator: pacing and phases")
struct PacingTests {
    @Test func dueTimesAreEvenRegardlessOfDelays() {
        var pacing = Pacing(ratePerSecond: 1_000, beganNanoseconds: 500)
        #expect(pacing.takeDue(by: 500, before: .max) == 500)
        #expect(pacing.takeDue(by: 500, before: .max) == nil)
        let late = (0..<3).map { _ in pacing.takeDue(by: 3_000_500, before: .max) }
        #expect(late == [1_000_500, 2_000_500, 3_000_500])
        #expect(pacing.takeDue(by: 3_000_500, before: .max) == nil)
    }

    @Test func noRequestIsDueAfterTheEnd() {
        var pacing = Pacing(ratePerSecond: 1_000, beganNanoseconds: 0)
        #expect(pacing.takeDue(by: 9_000_000, before: 1_000_000) == 0)
        #expect(pacing.takeDue(by: 9_000_000, before: 1_000_000) == nil)
    }

    @Test func waitsAtLeastATenthOfAMillisecond() {
        var pacing = Pacing(ratePerSecond: 1_000, beganNanoseconds: 0)
        _ = pacing.takeDue(by: 0, before: .max)
        #expect(pacing.waitNanoseconds(from: 400_000) == 600_000)
        #expect(pacing.waitNanoseconds(from: 999_999) == 100_000)
        #expect(pacing.waitNanoseconds(from: 5_000_000) == 100_000)
    }

    @Test func aRequestBelongsToThePhaseInWhichItWasDue() {
        var phases = LoadPhases()
        phases.begin(at: 100)
        phases.begin(at: 200)
        phases.record(due: 199, latencyNanoseconds: 1_000, isError: false)
        phases.record(due: 200, latencyNanoseconds: 5, isError: true)
        phases.record(due: 50, latencyNanoseconds: 7, isError: false)
        #expect(phases.phases.map(\.requests) == [2, 1])
        #expect(phases.phases.map(\.errors) == [0, 1])
        #expect(phases.phases[0].latencies.nanosecondsMax == 1_000)
        #expect(phases.seconds(of: 0, endNanoseconds: 300) == 1e-7)
        #expect(phases.seconds(of: 1, endNanoseconds: 300) == 1e-7)
    }

    @Test func phasesOfTwoLoopsAreMerged() {
        var one = LoadPhases()
        var other = LoadPhases()
        one.begin(at: 0)
        for time in [UInt64(0), 10] { other.begin(at: time) }
        for due in [UInt64(1), 11, 12] {
            one.record(due: due, latencyNanoseconds: due, isError: false)
            other.record(due: due, latencyNanoseconds: due, isError: false)
        }
        one.merge(other)
        #expect(one.phases.map(\.requests) == [4, 2])
    }

    @Test func failuresAreCountedSeparately() {
        var result = LoadResult()
        result.record(due: 10, completed: 30, bytes: 4, failure: nil)
        result.record(due: 20, completed: 25, bytes: 0, failure: "first")
        result.record(due: 20, completed: 22, bytes: 0, failure: "second")
        #expect(result.requests == 1)
        #expect(result.errors == 2)
        #expect(result.firstError == "first")
        #expect(result.endedNanoseconds == 30)
        #expect(result.latencies.count == 1)
    }
}
