internal import CoreMetrics
internal import MVCC

/// Counts what watch streams send, and how long that takes.
struct WatchMeter: Sendable {
    /// Events that wait for their client.
    let pendingEvents = Meter(label: "etcd_debugging_mvcc_pending_events_total")
    private let events = Counter(label: "etcd_debugging_mvcc_events_total")
    private let answers = Timer(
        label: "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds")
    private let progress = Timer(
        label: "etcd_debugging_server_watch_send_loop_progress_duration_seconds")
    private let changes = RepeatedTimer(
        "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds")
    private let changesPerEvent = RepeatedTimer(
        "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds")

    /// A delivery was written to its stream, to `responses` of its watchers, each of which took
    /// an equal part of the time.
    func sent(_ delivery: WatchDelivery, responses: Int, nanoseconds: Int64) {
        guard responses > 0 else { return }
        let each = nanoseconds / Int64(responses)
        switch delivery.content {
        case .changes(let sent):
            events.increment(by: Int64(sent.count * responses))
            let perEvent = each / Int64(max(sent.count, 1))
            changes.record(nanoseconds: each, times: responses)
            changesPerEvent.record(nanoseconds: perEvent, times: responses)
        case .progress: progress.recordNanoseconds(each)
        case .compacted: answers.recordNanoseconds(each)
        }
    }

    /// A client's request to add or to end a watcher was answered.
    func answered(nanoseconds: Int64) { answers.recordNanoseconds(nanoseconds) }
}
