internal import HTTP2
internal import MonotonicClock

/// The periodic timer of a watch stream, in the timer wheels of its event loop.
///
/// Starting and cancelling it takes constant time: a client may end thousands of streams at once,
/// and the event loop's own timers are searched one by one for a cancelled one.
final class WatchProgressTimer: TimerWheelEntry {
    /// Shorter intervals use the wheel of fine resolution, whose ticks cost more.
    private static let coarseIntervalMin = TimeSpan.seconds(5)

    var timerPosition: TimerWheelPosition?
    private(set) var timerDeadline = MonotonicTime.zero

    private let loop: HTTP2Loop
    private let interval: TimeSpan
    private var fire: (() -> Void)?

    /// - Parameter fire: called once per interval on the event loop, until `cancel`.
    init(_ loop: HTTP2Loop, interval: TimeSpan, _ fire: @escaping () -> Void) {
        self.loop = loop
        self.interval = interval
        self.fire = fire
        insert()
    }

    func cancel() {
        fire = nil
        if isCoarse { loop.removeConnectionTimer(self) } else { loop.removeCallTimer(self) }
    }

    func timerFired() {
        fire?()
        if fire != nil { insert() }
    }

    private var isCoarse: Bool { interval >= Self.coarseIntervalMin }

    private func insert() {
        timerDeadline = loop.now + interval
        if isCoarse { loop.insertConnectionTimer(self) } else { loop.insertCallTimer(self) }
    }
}
