internal import CoreMetrics
internal import MonotonicClock
internal import MVCC

/// Metrics of watch streams: events sent and send durations.
struct WatchMetrics: Sendable {
    /// Events that wait to be sent.
    let pendingEvents = Meter(label: "etcd_debugging_mvcc_pending_events_total")
    private let events = Counter(label: "etcd_debugging_mvcc_events_total")
    private let control = Timer(
        label: "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds")
    private let progress = Timer(
        label: "etcd_debugging_server_watch_send_loop_progress_duration_seconds")
    private let changes = RepeatedTimer(
        "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds")
    private let changesPerEvent = RepeatedTimer(
        "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds")

    /// Records a delivery written to its stream for `responses` watchers, each with an equal part
    /// of the duration.
    func sent(_ delivery: WatchDelivery, responses: Int, took time: TimeSpan) {
        guard responses > 0 else { return }
        let each = time / Int64(responses)
        switch delivery.content {
        case .changes(let sent):
            events.increment(by: Int64(sent.count * responses))
            let perEvent = each / Int64(max(sent.count, 1))
            changes.record(each, times: responses)
            changesPerEvent.record(perEvent, times: responses)
        case .progress: progress.record(each)
        case .compacted: control.record(each)
        }
    }

    /// Records a response to a client's create or cancel request.
    func controlSent(took time: TimeSpan) { control.record(time) }
}
