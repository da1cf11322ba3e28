internal import MemberRuntime
internal import MonotonicClock
internal import OpenTelemetry

/// The spans of one proposal: `raft_proposal`, from its submission to its completion, and below it
/// `log_write`, the append and the fdatasync of the batch that has its entry on this member, and
/// `apply`, the run of the apply stage up to its entry. Owned by the call's event loop.
final class ProposalTrace {
    private let call: CallTrace
    private var span: Span
    private var id: UInt64?

    init(_ call: CallTrace, _ span: Span) {
        self.call = call
        self.span = span
    }

    func submitted(_ id: UInt64) {
        self.id = id
        call.proposalTimes.expect(id)
    }

    func end() {
        call.addEvent("Receive raft result")
        span.end = TraceRecorder.now()
        call.add(span)
        guard let id, let times = call.proposalTimes.take(id) else { return }
        add("log_write", times.logWrite)
        add("apply", times.apply)
    }

    private func add(_ name: String, _ interval: ProposalTimes.Interval?) {
        guard let interval else { return }
        let now = MonotonicTime.now()
        var part = span.child(name, start: TraceRecorder.time(of: interval.began, now: now))
        part.end = TraceRecorder.time(of: interval.ended, now: now)
        call.add(part)
    }
}
