import HTTP2
import Testing

private final class Timer: TimerWheelEntry {
    var timerPosition: TimerWheelPosition?
    var timerDeadlineMilliseconds: Int64

    init(_ deadline: Int64) {
        timerDeadlineMilliseconds = deadline
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
        var wheel = TimerWheel(tickMilliseconds: 10, slotCount: 16, nowMilliseconds: 1000)
        let timers = (0..<500).map { _ in Timer(1000 + random(2000)) }
        for timer in timers { wheel.insert(timer) }
        for timer in timers.prefix(100) { wheel.remove(timer) }
        var now: Int64 = 1000
        var fired = 0
        while wheel.count > 0, now < 5000 {
            let before = now
            now += 1 + random(25)
            var due: [any TimerWheelEntry] = []
            wheel.takeDue(nowMilliseconds: now, into: &due)
            for timer in due {
                #expect(timer.timerDeadlineMilliseconds <= now, "seed \(seed)")
                #expect(timer.timerDeadlineMilliseconds > before - 20, "seed \(seed)")
                #expect(timer.timerPosition == nil)
            }
            fired += due.count
        }
        #expect(fired == 400, "seed \(seed)")
    }
}
