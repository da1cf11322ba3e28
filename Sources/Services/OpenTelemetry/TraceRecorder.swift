internal import Glibc
package import MonotonicClock

/// What the traced requests of a member share: the sampler, the queue of finished spans, the clock.
package struct TraceRecorder: Sendable {
    private let sampler: TraceSampler
    private let queue: SpanQueue

    package init(sampler: TraceSampler, queue: SpanQueue) {
        self.sampler = sampler
        self.queue = queue
    }

    /// The span of a request; nil if its trace is not recorded.
    ///
    /// - Parameter parent: the span of the caller; nil if the trace begins here.
    package func serverSpan(_ name: String, parent: TraceContext?) -> Span? {
        if let parent {
            guard parent.isSampled else { return nil }
            return Span(
                traceID: parent.traceID, parentID: parent.spanID, traceState: parent.state,
                name: name, kind: .server, start: Self.now())
        }
        let traceID = TraceID.random()
        guard sampler.samples(traceID) else { return nil }
        return Span(
            traceID: traceID, parentID: nil, name: name, kind: .server, start: Self.now())
    }

    package func record(_ spans: [Span]) { queue.append(spans) }

    /// Nanoseconds since 1970.
    package static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }

    /// The nanoseconds since 1970 of a point of the monotonic clock.
    ///
    /// - Parameter present: the present time of that clock.
    package static func time(of point: MonotonicTime, now present: MonotonicTime) -> UInt64 {
        now() &- UInt64(max((present - point).nanoseconds, 0))
    }
}
