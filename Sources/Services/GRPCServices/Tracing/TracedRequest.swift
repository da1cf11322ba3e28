internal import EtcdAPI
internal import OpenTelemetry

/// A request whose operation is a span of its own, with the name and the attributes of etcd's.
protocol TracedRequest {
    var spanName: String { get }
    var spanAttributes: [(name: String, value: SpanAttribute)] { get }
}

extension RangeRequest: TracedRequest {
    var spanName: String { "range" }

    var spanAttributes: [(name: String, value: SpanAttribute)] {
        [
            ("range_begin", .bytes(key)), ("range_end", .bytes(rangeEnd)),
            ("rev", .number(revision)), ("limit", .number(limit)),
            ("count_only", .flag(countOnly)), ("keys_only", .flag(keysOnly)),
        ]
    }
}

/// A request of `KV.RangeStream`.
struct StreamedRange: TracedRequest {
    let request: RangeRequest

    var spanName: String { "range_streaming" }
    var spanAttributes: [(name: String, value: SpanAttribute)] {
        request.spanAttributes.filter { $0.name != "keys_only" }
    }
}

extension WatchCreateRequest: TracedRequest {
    var spanName: String { "watch" }

    var spanAttributes: [(name: String, value: SpanAttribute)] {
        [
            ("key", .bytes(key)), ("range_end", .bytes(rangeEnd == [0] ? [] : rangeEnd)),
            ("start_rev", .number(startRevision)), ("progress_notify", .flag(progressNotify)),
            ("prev_kv", .flag(prevKV)), ("fragment", .flag(fragment)),
        ]
    }
}

extension PutRequest: TracedRequest {
    var spanName: String { "put" }
    var spanAttributes: [(name: String, value: SpanAttribute)] { [("key", .bytes(key))] }
}

extension DeleteRangeRequest: TracedRequest {
    var spanName: String { "delete_range" }

    var spanAttributes: [(name: String, value: SpanAttribute)] {
        [("range_begin", .bytes(key)), ("range_end", .bytes(rangeEnd))]
    }
}

extension TxnRequest: TracedRequest {
    var spanName: String { "txn" }

    var spanAttributes: [(name: String, value: SpanAttribute)] {
        let compared = compare.first { !$0.key.isEmpty }?.key ?? []
        let key = success.lazy.map(\.spanKey).first { !$0.isEmpty } ?? []
        let type = success.lazy.map(\.spanType).first { !$0.isEmpty } ?? ""
        let lease = success.lazy.compactMap(\.spanLease).first ?? -1
        return [
            ("compare_first_key", .bytes(compared)), ("success_first_key", .bytes(key)),
            ("success_first_type", .text(type)), ("success_first_lease", .number(lease)),
            ("compare_len", .number(Int64(compare.count))),
            ("success_len", .number(Int64(success.count))),
            ("failure_len", .number(Int64(failure.count))),
            ("read_only", .flag(isReadOnly)),
        ]
    }
}

extension CompactionRequest: TracedRequest {
    var spanName: String { "compact" }

    var spanAttributes: [(name: String, value: SpanAttribute)] {
        [("is_physical", .flag(physical)), ("rev", .number(revision))]
    }
}

extension LeaseGrantRequest: TracedRequest {
    var spanName: String { "lease_grant" }

    var spanAttributes: [(name: String, value: SpanAttribute)] {
        [("id", .number(id)), ("ttl", .number(ttlSeconds))]
    }
}

extension LeaseRevokeRequest: TracedRequest {
    var spanName: String { "lease_revoke" }
    var spanAttributes: [(name: String, value: SpanAttribute)] { [("id", .number(id))] }
}

extension RequestOp {
    fileprivate var spanKey: ArraySlice<UInt8> {
        switch self {
        case .none, .txn: []
        case .range(let request): request.key
        case .put(let request): request.key
        case .deleteRange(let request): request.key
        }
    }

    fileprivate var spanType: String {
        switch self {
        case .none: ""
        case .range: "range"
        case .put: "put"
        case .deleteRange: "delete_range"
        case .txn: "txn"
        }
    }

    /// nil for an operation other than a put.
    fileprivate var spanLease: Int64? {
        if case .put(let request) = self { request.lease } else { nil }
    }
}

extension SpanAttribute {
    /// The beginning of a key; what is not UTF-8 is repaired.
    fileprivate static func bytes(_ key: ArraySlice<UInt8>) -> SpanAttribute {
        .text(String(decoding: key.prefix(1024), as: UTF8.self))
    }
}
