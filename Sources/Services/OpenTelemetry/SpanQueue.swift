internal import CoreMetrics
internal import Synchronization

/// The spans that wait to be exported. Bounded: a span that finds it full is dropped and counted.
package final class SpanQueue: Sendable {
    package let spansMax: Int
    private let spans = Mutex<[Span]>([])
    private let dropped = Counter(label: "etcd_server_trace_spans_dropped_total")
    private let exported = Counter(label: "etcd_server_trace_spans_exported_total")

    package init(spansMax: Int = 2048) {
        self.spansMax = spansMax
    }

    package var count: Int { spans.withLock { $0.count } }

    /// From any thread.
    package func append(_ finished: [Span]) {
        let capacity = spans.withLock { spans in
            let capacity = min(finished.count, spansMax - spans.count)
            spans.append(contentsOf: finished.prefix(capacity))
            return capacity
        }
        if capacity < finished.count { countDropped(finished.count - capacity) }
    }

    /// Removes the oldest spans.
    func take(_ countMax: Int) -> [Span] {
        spans.withLock { spans in
            let taken = Array(spans.prefix(countMax))
            spans.removeFirst(taken.count)
            return taken
        }
    }

    func countDropped(_ count: Int) { dropped.increment(by: Int64(count)) }
    func countExported(_ count: Int) { exported.increment(by: Int64(count)) }
}
