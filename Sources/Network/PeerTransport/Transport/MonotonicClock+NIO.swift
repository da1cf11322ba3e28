import MonotonicClock
import NIOCore

extension MonotonicTime {
    /// A time of an event loop's clock.
    init(_ deadline: NIODeadline) {
        self.init(nanoseconds: Int64(clamping: deadline.uptimeNanoseconds))
    }
}

extension TimeAmount {
    init(_ span: TimeSpan) { self = .nanoseconds(span.nanoseconds) }
}

extension TimeSpan {
    init(_ amount: TimeAmount) { self.init(nanoseconds: amount.nanoseconds) }
}
