package import CoreMetrics

/// A timer's backend that counts several equal durations at once.
package protocol RepeatedTimerHandler: TimerHandler {
    func recordNanoseconds(_ duration: Int64, times: Int)
}

/// A timer of what happens many times in a row and is measured together.
struct RepeatedTimer: Sendable {
    private let handler: any TimerHandler
    /// The same if it can count several at once.
    private let several: (any RepeatedTimerHandler)?

    init(_ label: String) {
        handler = MetricsSystem.factory.makeTimer(label: label, dimensions: [])
        several = handler as? any RepeatedTimerHandler
    }

    /// Records a duration as often as it happened.
    func record(nanoseconds: Int64, times: Int) {
        if let several { return several.recordNanoseconds(nanoseconds, times: times) }
        for _ in 0..<times { handler.recordNanoseconds(nanoseconds) }
    }
}
