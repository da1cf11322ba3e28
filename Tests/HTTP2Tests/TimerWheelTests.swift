import HTTP2
import MonotonicClock
import Testing

private final class Timer: TimerWheelEntry {
    var timerPosition: TimerWheelPosition?
    let timerDeadline: MonotonicTime

    init(_ deadline: Int64) {
        timerDeadline = MonotonicTime(milliseconds: deadline)
    }

    func timerFired() {}
}

@Suite struct TimerWheelTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func timersFireAtTheFirstTickAfterTheirDeadline(_ seed: UInt64) {
        var state = seed
        func random(_ limit: UInt64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((state >> 33) % limit)
        }
        var wheel = TimerWheel(
            tickInterval: .milliseconds(10), slotCount: 16, now: MonotonicTime(milliseconds: 1000))
        let timers = (0..<500).map { _ in Timer(1000 + random(2000)) }
        for timer in timers { wheel.insert(timer) }
        for timer in timers.prefix(100) { wheel.remove(timer) }
        var now = MonotonicTime(milliseconds: 1000)
        var fired = 0
        while wheel.count > 0, now < MonotonicTime(milliseconds: 5000) {
            let before = now
            now = now + .milliseconds(1 + random(25))
            var due: [any TimerWheelEntry] = []
            wheel.takeDue(now: now, into: &due)
            for timer in due {
                #expect(timer.timerDeadline <= now, "seed \(seed)")
                #expect(timer.timerDeadline > before - .milliseconds(20), "seed \(seed)")
                #expect(timer.timerPosition == nil)
            }
            fired += due.count
        }
        #expect(fired == 400, "seed \(seed)")
    }
}
