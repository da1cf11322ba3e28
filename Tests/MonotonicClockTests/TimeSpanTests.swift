import MonotonicClock
import Testing

@Suite("Amounts of time")
struct TimeSpanTests {
    @Test func unitsAreNanoseconds() {
        #expect(TimeSpan.microseconds(3) == .nanoseconds(3_000))
        #expect(TimeSpan.milliseconds(3) == .microseconds(3_000))
        #expect(TimeSpan.seconds(-3) == .milliseconds(-3_000))
        #expect(TimeSpan.milliseconds(-2_500).seconds == -2.5)
        #expect(Duration(TimeSpan.milliseconds(1_500)) == .milliseconds(1_500))
        #expect(TimeSpan(Duration.milliseconds(-1_500)) == .milliseconds(-1_500))
        #expect(TimeSpan(Duration.nanoseconds(3) / 2) == .nanoseconds(1))
    }

    @Test(arguments: [(0, 0), (1, 1), (999_999_999, 1), (1_000_000_000, 1), (1_000_000_001, 2)])
    func secondsAreRoundedUp(nanoseconds: Int64, seconds: Int64) {
        #expect(TimeSpan(nanoseconds: nanoseconds).secondsRoundedUp == seconds)
    }

    @Test(arguments: [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2), (-1, 0)])
    func millisecondsAreRoundedUp(nanoseconds: Int64, milliseconds: Int64) {
        #expect(TimeSpan(nanoseconds: nanoseconds).millisecondsRoundedUp == milliseconds)
    }

    @Test func whatDoesNotFitIsTheLongestSpan() {
        let shortest = TimeSpan(nanoseconds: .min)
        #expect(TimeSpan.seconds(.max) == .max)
        #expect(TimeSpan(Duration.seconds(Int64.max)) == .max)
        #expect(TimeSpan(Duration.seconds(Int64.min)) == shortest)
        #expect(TimeSpan.seconds(.min) == shortest)
        #expect(TimeSpan.max + .nanoseconds(1) == .max)
        #expect(shortest - .nanoseconds(1) == shortest)
        #expect(shortest * -1 == .max)
        #expect(TimeSpan.zero - shortest == .max)
    }

    @Test func quotients() {
        #expect(TimeSpan.seconds(1) / .milliseconds(300) == 3)
        #expect(TimeSpan.seconds(1) / 4 == .milliseconds(250))
    }
}

@Suite("Points in time")
struct MonotonicTimeTests {
    private let time = MonotonicTime(milliseconds: 1_000)

    @Test func differencesAreAmounts() {
        #expect(time + .milliseconds(5) - time == .milliseconds(5))
        #expect(time - (time + .milliseconds(5)) == .milliseconds(-5))
        #expect(time - .seconds(1) == .zero)
    }

    @Test func whatDoesNotFitIsTheDistantFuture() {
        #expect(time + .max == .distantFuture)
        #expect(MonotonicTime.distantPast - .nanoseconds(1) == .distantPast)
        #expect(MonotonicTime.distantPast < time && time < .distantFuture)
    }

    @Test(arguments: [(0, 0, 0), (1, 0, 1), (999_999, 0, 1), (1_000_000, 1, 1), (-1, -1, 0)])
    func millisecondsAreRounded(nanoseconds: Int64, down: Int64, up: Int64) {
        let time = MonotonicTime(nanoseconds: nanoseconds)
        #expect(time.milliseconds == down)
        #expect(time.millisecondsRoundedUp == up)
    }
}
