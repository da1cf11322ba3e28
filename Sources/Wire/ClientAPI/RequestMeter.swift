internal import CoreMetrics
package import GRPC
internal import NIOConcurrencyHelpers

/// Counts calls by kind and by the client's API version, and streams that broke.
package final class RequestMeter: Sendable {
    private let requests = NIOLockedValueBox<[RequestLabels: Counter]>([:])
    private let streamFailures = NIOLockedValueBox<[String: Counter]>([:])

    let watch = WatchMeter()
    let leasesRenewed = Counter(label: "etcd_debugging_lease_renewed_total")
    let defragmentation = Timer(label: "etcd_disk_backend_defrag_duration_seconds")
    let defragmentations = Meter(label: "etcd_disk_defrag_inflight")
    let hash = Timer(label: "etcd_mvcc_hash_duration_seconds")
    let hashAtRevision = Timer(label: "etcd_mvcc_hash_rev_duration_seconds")
    let snapshot = Timer(label: "etcd_disk_backend_snapshot_duration_seconds")
    private let ranges = Counter(label: "etcd_mvcc_range_total")
    private let rangeTimers = OutcomeTimers("etcd_server_range_duration_seconds", [])
    private let requestTimers: [String: OutcomeTimers]

    /// Kinds of requests whose time is taken, as etcd names them.
    private static let kinds = [
        "Range", "ReadonlyTxn", "Put", "DeleteRange", "Txn", "Compaction", "LeaseGrant",
        "LeaseRevoke", "Alarm",
    ]

    package init() {
        var timers: [String: OutcomeTimers] = [:]
        for kind in Self.kinds {
            timers[kind] = OutcomeTimers("etcd_server_request_duration_seconds", [("type", kind)])
        }
        requestTimers = timers
    }

    /// A range was answered or refused.
    func rangeEnded(nanoseconds: Int64, isSuccess: Bool) {
        ranges.increment()
        rangeTimers.record(nanoseconds, isSuccess)
    }

    /// A request was answered or refused.
    func requestEnded(_ kind: String, nanoseconds: Int64, isSuccess: Bool) {
        requestTimers[kind]?.record(nanoseconds, isSuccess)
    }

    func countRequest(_ call: GRPCServerCall, isStream: Bool) {
        let version = call.metadata.first("client-api-version") ?? "unknown"
        counter(RequestLabels(isStream: isStream, version: version)).increment()
    }

    func streamClosed(_ api: String, _ reason: GRPCCloseReason) {
        guard case .connectionLost = reason else { return }
        streamFailures.withLockedValue { counters in
            if let known = counters[api] { return known }
            let counter = Counter(
                label: "etcd_network_server_stream_failures_total",
                dimensions: [("Type", "receive"), ("API", api)])
            counters[api] = counter
            return counter
        }
        .increment()
    }

    /// Versions come from clients: only a few are kept apart.
    private static let countersMax = 64

    /// What requests are told apart by; a key without a text of its own to make for each request.
    private struct RequestLabels: Hashable {
        let isStream: Bool
        let version: String
    }

    private func counter(_ labels: RequestLabels) -> Counter {
        requests.withLockedValue { counters in
            if let known = counters[labels] { return known }
            let name = "etcd_server_client_requests_total"
            guard counters.count < Self.countersMax else {
                return Counter(
                    label: name, dimensions: [("type", "other"), ("client_api_version", "other")])
            }
            let type = labels.isStream ? "stream" : "unary"
            let counter = Counter(
                label: name, dimensions: [("type", type), ("client_api_version", labels.version)])
            counters[labels] = counter
            return counter
        }
    }
}

/// Two histograms of times: of what succeeded and of what failed.
private struct OutcomeTimers: Sendable {
    private let success: Timer
    private let failure: Timer

    init(_ name: String, _ labels: [(String, String)]) {
        success = Timer(label: name, dimensions: labels + [("success", "true")])
        failure = Timer(label: name, dimensions: labels + [("success", "false")])
    }

    func record(_ nanoseconds: Int64, _ isSuccess: Bool) {
        (isSuccess ? success : failure).recordNanoseconds(nanoseconds)
    }
}
