internal import CoreMetrics
package import GRPC
internal import NIOConcurrencyHelpers

/// Counts calls by kind and by the client's API version, and streams that broke.
package final class RequestMeter: Sendable {
    private let counters = NIOLockedValueBox<[String: Counter]>([:])

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
        let type = isStream ? "stream" : "unary"
        counter(
            "etcd_server_client_requests_total", [("type", type), ("client_api_version", version)]
        )
        .increment()
    }

    func streamClosed(_ api: String, _ reason: GRPCCloseReason) {
        guard case .connectionLost = reason else { return }
        counter("etcd_network_server_stream_failures_total", [("Type", "receive"), ("API", api)])
            .increment()
    }

    /// Versions come from clients: only a few are kept apart.
    private static let countersMax = 64

    private func counter(_ name: String, _ labels: [(String, String)]) -> Counter {
        let key = labels.reduce(name) { "\($0),\($1.1)" }
        return counters.withLockedValue { counters in
            if let known = counters[key] { return known }
            guard counters.count < Self.countersMax else {
                return Counter(label: name, dimensions: labels.map { ($0.0, "other") })
            }
            let counter = Counter(label: name, dimensions: labels)
            counters[key] = counter
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
