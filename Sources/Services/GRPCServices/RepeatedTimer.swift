package import CoreMetrics
import MonotonicClock

/// A timer handler that records several equal durations at once.
package protocol RepeatedTimerHandler: TimerHandler {
    func recordNanoseconds(_ duration: Int64, times: Int)
}

/// A timer for events that are measured together and recorded as equal durations.
struct RepeatedTimer: Sendable {
    private let handler: any TimerHandler
    /// The same handler if it can record several durations at once.
    private let repeatedHandler: (any RepeatedTimerHandler)?

    init(_ label: String) {
        handler = MetricsSystem.factory.makeTimer(label: label, dimensions: [])
        repeatedHandler = handler as? any RepeatedTimerHandler
    }

    /// Records a duration `times` times.
    func record(_ time: TimeSpan, times: Int) {
        if let repeatedHandler {
            return repeatedHandler.recordNanoseconds(time.nanoseconds, times: times)
        }
        for _ in 0..<times { handler.recordNanoseconds(time.nanoseconds) }
    }
}

extension CoreMetrics.Timer {
    func record(_ time: TimeSpan) { recordNanoseconds(time.nanoseconds) }
}
