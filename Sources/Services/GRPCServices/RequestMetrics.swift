internal import Auth
internal import CoreMetrics
internal import EtcdAPI
package import GRPC
internal import MonotonicClock
internal import NIOConcurrencyHelpers
internal import StateMachine

/// All metrics that the services count.
package final class RequestMetrics: Sendable {
    private let requests = NIOLockedValueBox<[RequestLabels: Counter]>([:])
    private let streamFailures = NIOLockedValueBox<[String: Counter]>([:])

    let watch = WatchMetrics()
    let leasesRenewed = Counter(label: "etcd_debugging_lease_renewed_total")
    let defragmentation = Timer(label: "etcd_disk_backend_defrag_duration_seconds")
    let defragmentations = Meter(label: "etcd_disk_defrag_inflight")
    let hash = Timer(label: "etcd_mvcc_hash_duration_seconds")
    let hashAtRevision = Timer(label: "etcd_mvcc_hash_rev_duration_seconds")
    let snapshot = Timer(label: "etcd_disk_backend_snapshot_duration_seconds")
    private let ranges = Counter(label: "etcd_mvcc_range_total")
    private let promotions = Counter(label: "etcd_server_learner_promote_successes")
    private let rangeTimers = RequestTimers("etcd_server_range_duration_seconds", [])
    private static let requestDuration = "etcd_server_request_duration_seconds"
    /// By `RequestKind.rawValue`.
    private let requestTimers: [RequestTimers]

    package init() {
        requestTimers = RequestKind.allCases.map { kind in
            RequestTimers(Self.requestDuration, [("type", kind.label)])
        }
    }

    /// Records a completed or failed range.
    func rangeEnded(took time: TimeSpan, isSuccess: Bool) {
        ranges.increment()
        rangeTimers.record(time, isSuccess)
    }

    /// Records a completed or failed request.
    func requestEnded(_ kind: RequestKind, took time: TimeSpan, isSuccess: Bool) {
        requestTimers[kind.rawValue].record(time, isSuccess)
    }

    /// Records the end of a proposal. As in etcd it is a success once it is applied, whatever the
    /// result.
    func proposalEnded(_ field: UInt32, took time: TimeSpan, isApplied: Bool) {
        if let kind = RequestKind(proposed: field) {
            return requestEnded(kind, took: time, isSuccess: isApplied)
        }
        // Rare requests have no series before the first, as in etcd.
        let name = AuthRequest.name(ofField: field).map { "\($0)" } ?? "DowngradeInfoSet"
        RequestTimers(Self.requestDuration, [("type", name)]).record(time, isApplied)
    }

    /// Records the end of a promotion by this member as the leader.
    func promotionEnded(_ error: EtcdError?) {
        guard let error else { return promotions.increment() }
        Counter(
            label: "etcd_server_learner_promote_failures", dimensions: [("Reason", error.message)]
        ).increment()
    }

    /// Counts a call that is passed to a service.
    ///
    /// - Parameter known: the counters cached by the call's event loop.
    func countRequest(_ call: GRPCServerCall, isStream: Bool, known: inout RequestCounters) {
        var version = call.metadata.first("client-api-version")
        if let text = version, text.utf8.count > Self.versionBytesMax { version = "other" }
        if let counter = known[isStream: isStream, version] { return counter.increment() }
        let counter = counter(RequestLabels(isStream: isStream, version: version ?? "unknown"))
        known[isStream: isStream, version] = counter
        counter.increment()
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

    /// Limits of the counters and of the length of their labels: versions come from clients.
    static let countersMax = 64
    private static let versionBytesMax = 64

    private static func counter(type: String, version: String) -> Counter {
        Counter(
            label: "etcd_server_client_requests_total",
            dimensions: [("type", type), ("client_api_version", version)])
    }

    private func counter(_ labels: RequestLabels) -> Counter {
        requests.withLockedValue { counters in
            if let known = counters[labels] { return known }
            guard counters.count < Self.countersMax else {
                return Self.counter(type: "other", version: "other")
            }
            let counter = Self.counter(
                type: labels.isStream ? "stream" : "unary", version: labels.version)
            counters[labels] = counter
            return counter
        }
    }
}

/// The labels of a request counter, as a dictionary key that needs no new string per request.
private struct RequestLabels: Hashable {
    let isStream: Bool
    let version: String
}

/// Request counters cached by one event loop, so that counting takes no lock. The number of
/// counters is limited.
struct RequestCounters {
    /// For clients that send no version.
    private var unknownCalls: Counter?
    private var unknownStreams: Counter?
    private var others: [RequestLabels: Counter] = [:]

    subscript(isStream isStream: Bool, version: String?) -> Counter? {
        get {
            guard let version else { return isStream ? unknownStreams : unknownCalls }
            return others[RequestLabels(isStream: isStream, version: version)]
        }
        set {
            if let version {
                guard others.count < RequestMetrics.countersMax else { return }
                others[RequestLabels(isStream: isStream, version: version)] = newValue
            } else if isStream {
                unknownStreams = newValue
            } else {
                unknownCalls = newValue
            }
        }
    }
}

/// Kinds of requests whose duration is recorded.
enum RequestKind: Int, CaseIterable {
    case range, readOnlyTransaction, put, deleteRange, transaction, compaction, leaseGrant
    case leaseRevoke, alarm

    /// The kind of a proposed request; nil when its duration is not recorded.
    init?(proposed field: UInt32) {
        switch field {
        case InternalRaftRequest.Field.put: self = .put
        case InternalRaftRequest.Field.deleteRange: self = .deleteRange
        case InternalRaftRequest.Field.txn: self = .transaction
        case InternalRaftRequest.Field.compaction: self = .compaction
        case InternalRaftRequest.Field.leaseGrant: self = .leaseGrant
        case InternalRaftRequest.Field.leaseRevoke: self = .leaseRevoke
        case InternalRaftRequest.Field.alarm: self = .alarm
        default: return nil
        }
    }

    /// The label value in etcd's metrics.
    var label: String {
        switch self {
        case .range: "Range"
        case .readOnlyTransaction: "ReadonlyTxn"
        case .put: "Put"
        case .deleteRange: "DeleteRange"
        case .transaction: "Txn"
        case .compaction: "Compaction"
        case .leaseGrant: "LeaseGrant"
        case .leaseRevoke: "LeaseRevoke"
        case .alarm: "Alarm"
        }
    }
}

/// Two duration histograms: for successes and for failures.
private struct RequestTimers: Sendable {
    private let success: Timer
    private let failure: Timer

    init(_ name: String, _ labels: [(String, String)]) {
        success = Timer(label: name, dimensions: labels + [("success", "true")])
        failure = Timer(label: name, dimensions: labels + [("success", "false")])
    }

    func record(_ time: TimeSpan, _ isSuccess: Bool) {
        (isSuccess ? success : failure).record(time)
    }
}
