internal import HTTP2

/// The periodic timer of a watch stream, in the timer wheels of its event loop.
///
/// Starting and cancelling it takes constant time: a client may end thousands of streams at once,
/// and the event loop's own timers are searched one by one for a cancelled one.
final class WatchProgressTimer: TimerWheelEntry {
    /// Shorter intervals use the wheel of fine resolution, whose ticks cost more.
    private static let coarseMillisecondsMin: Int64 = 5_000

    var timerPosition: TimerWheelPosition?
    private(set) var timerDeadlineMilliseconds: Int64 = 0

    private let loop: HTTP2Loop
    private let intervalMilliseconds: Int64
    private var fire: (() -> Void)?

    /// - Parameter fire: called once per interval on the event loop, until `cancel`.
    init(_ loop: HTTP2Loop, intervalMilliseconds: Int64, _ fire: @escaping () -> Void) {
        self.loop = loop
        self.intervalMilliseconds = intervalMilliseconds
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

    private var isCoarse: Bool { intervalMilliseconds >= Self.coarseMillisecondsMin }

    private func insert() {
        timerDeadlineMilliseconds = loop.nowMilliseconds + intervalMilliseconds
        if isCoarse { loop.insertConnectionTimer(self) } else { loop.insertCallTimer(self) }
    }
}
