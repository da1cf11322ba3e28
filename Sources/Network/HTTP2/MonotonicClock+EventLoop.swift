package import MonotonicClock
package import NIOCore

extension MonotonicTime {
    /// A time of an event loop's clock.
    package init(_ deadline: NIODeadline) {
        self.init(nanoseconds: Int64(clamping: deadline.uptimeNanoseconds))
    }
}

extension TimeAmount {
    package init(_ span: TimeSpan) { self = .nanoseconds(span.nanoseconds) }
}
