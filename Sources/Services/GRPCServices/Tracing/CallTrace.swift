internal import EtcdAPI
package import GRPC
internal import HTTP2
internal import NIOCore
package import OpenTelemetry
internal import StatusCodes

/// The spans of one call: that of the RPC, and below it that of etcd's operation, with the names and
/// attributes that they have in etcd 3.7.1. Owned by the call's event loop.
package final class CallTrace: GRPCCallObserver {
    let recorder: TraceRecorder
    let proposalTimes: ProposalTimes
    private var span: Span
    /// The span of the operation, once the request is checked.
    private(set) var request: Span?
    /// Spans of parts that have ended.
    private var parts: [Span] = []
    private var hasEnded = false
    /// Spans of the watchers of a stream.
    private var watches: [Int64: Span] = [:]

    /// nil: the trace of the call is not recorded.
    package init?(_ call: GRPCServerCall, _ recorder: TraceRecorder, _ times: ProposalTimes) {
        var parent = call.metadata.first("traceparent").flatMap(TraceContext.init(parent:))
        if let state = call.metadata.first("tracestate"),
            state.utf8.count <= TraceContext.stateBytesMax
        {
            parent?.state = state
        }
        let name = String(call.method.path.dropFirst())
        guard var span = recorder.serverSpan(name, parent: parent) else { return nil }
        span.attributes = [("rpc.method", .text(name)), ("rpc.system.name", .text("grpc"))]
        if let address = call.connection.channel?.localAddress {
            if let host = address.ipAddress {
                span.attributes.append(("server.address", .text(host)))
            }
            if let port = address.port {
                span.attributes.append(("server.port", .number(Int64(port))))
            }
        }
        self.recorder = recorder
        proposalTimes = times
        self.span = span
    }

    /// The trace of a call; nil if it is not recorded.
    @inline(__always)
    static func of(_ call: GRPCServerCall) -> CallTrace? {
        guard let observer = call.observer else { return nil }
        return observer as? CallTrace
    }

    /// The request is decoded and checked.
    func beginRequest(_ request: some Any) {
        guard let traced = request as? any TracedRequest else { return }
        var span = self.span.child(traced.spanName, start: TraceRecorder.now())
        span.attributes = traced.spanAttributes
        self.request = span
    }

    var now: UInt64 { TraceRecorder.now() }

    /// A watcher exists; its span ends with it.
    func beginWatch(_ id: Int64, _ request: WatchCreateRequest) {
        var watch = span.child(request.spanName, start: now)
        watch.attributes = request.spanAttributes
        watches[id] = watch
    }

    func endWatch(_ id: Int64) {
        guard var watch = watches.removeValue(forKey: id) else { return }
        watch.end = now
        recorder.record([watch])
    }

    /// A lease was renewed.
    func recordRenewal(_ id: Int64, began: UInt64) {
        var renewal = span.child("lease_renew", start: began)
        renewal.end = now
        renewal.attributes = [("id", .number(id))]
        recorder.record([renewal])
    }

    func beginProposal() -> ProposalTrace {
        addEvent("Send raft proposal")
        return ProposalTrace(
            self, (request ?? span).child("raft_proposal", start: TraceRecorder.now()))
    }

    func addEvent(_ name: String) {
        let event = Span.Event(name: name, time: TraceRecorder.now())
        if request != nil { request?.events.append(event) } else { span.events.append(event) }
    }

    /// A proposal may end after its call.
    func add(_ part: Span) {
        if hasEnded { recorder.record([part]) } else { parts.append(part) }
    }

    package func callEnded(_ call: GRPCServerCall, _ status: GRPCStatus) {
        hasEnded = true
        for id in Array(watches.keys) { endWatch(id) }
        let now = TraceRecorder.now()
        span.end = now
        span.attributes.append(("rpc.response.status_code", .text(status.code.canonicalName)))
        if status.code.isFailureOfServer { span.failure = status.message }
        if var request {
            request.end = now
            parts.append(request)
        }
        recorder.record(parts + [span])
    }
}

extension StatusCode {
    /// The name as gRPC's specification has it: `NOT_FOUND`.
    fileprivate var canonicalName: String {
        switch self {
        case .ok: "OK"
        case .canceled: "CANCELLED"
        default:
            name.reduce(into: "") { text, letter in
                if letter.isUppercase, !text.isEmpty { text.append("_") }
                text.append(letter.uppercased())
            }
        }
    }

    /// Whether a span of a server with this status has failed, by OpenTelemetry's conventions.
    fileprivate var isFailureOfServer: Bool {
        switch self {
        case .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss: true
        default: false
        }
    }
}
