import EtcdAPI
import GRPC
import MonotonicClock

/// The KV service: serializable ranges from stored responses, everything else from a member.
final class KeyValueProxy: @unchecked Sendable {  // used on the proxy's event loop only
    private let upstream: Upstream
    private let namespace: Namespace
    private let metrics: ProxyMetrics
    private var cache = RangeCache()
    /// nil without `--experimental-serializable-ordering`.
    private let ordering: ReadOrdering?
    /// nil without `--experimental-leasing-prefix`.
    private let leasing: LeasedKeys?

    private static let service = "/etcdserverpb.KV/"

    init(
        upstream: Upstream, namespace: Namespace, metrics: ProxyMetrics, ordersReads: Bool,
        leasing: LeasedKeys?
    ) {
        self.upstream = upstream
        self.namespace = namespace
        self.metrics = metrics
        self.leasing = leasing
        ordering = ordersReads ? ReadOrdering(upstream: upstream) : nil
    }

    var methods: [GRPCMethod] {
        [
            GRPCMethod(path: Self.service + "Range") { self.range($0, $1) },
            GRPCMethod(path: Self.service + "Put") { self.put($0, $1) },
            GRPCMethod(path: Self.service + "DeleteRange") { self.deleteRange($0, $1) },
            GRPCMethod(path: Self.service + "Txn") { self.transaction($0, $1) },
            GRPCMethod(path: Self.service + "Compact") { self.compact($0, $1) },
            GRPCMethod(path: Self.service + "RangeStream", kind: .serverStreaming) { call in
                call.finish(
                    GRPCStatus(
                        .unimplemented, "RangeStream is not supported by the gRPC proxy"))
                return RefusedStream()
            },
        ]
    }

    /// Removes all stored responses: they may be wrong in a way that no request says.
    func clear() {
        cache.clear()
        leasing?.clear()
        metrics.cacheKeys.set(Int64(0))
    }
}

// MARK: - Ranges

extension KeyValueProxy {
    private func range(_ call: GRPCServerCall, _ message: [UInt8]) {
        guard var request = call.decoded(message, RangeRequest.init(decoding:)) else { return }
        let isSerializable = request.serializable
        request.serializable = true
        let identity = CallerIdentity(call)
        let key = RangeCache.Key(token: identity.token, request: request.encoded())
        if isSerializable {
            if request.revision > 0, request.revision < cache.compactRevision {
                metrics.cacheHits.add(1)
                return call.finish(GRPCStatus(EtcdError.compacted))
            }
            if let response = cache.response(key) {
                metrics.cacheHits.add(1)
                return call.respond(response)
            }
            metrics.cacheMisses.add(1)
        }
        request.serializable = isSerializable
        guard call.isAccepted({ () throws(EtcdError) in try namespace.add(to: &request) }) else {
            return
        }
        let read = cache.beginRead(KeyInterval(request.key, request.rangeEnd))
        let bytes = namespace.isEmpty ? message : request.encoded()
        let completion: UpstreamCall.Completion = { result in
            self.completed(result, call, key, read)
        }
        send(request, bytes, call, identity, completion)
        call.whenClosed { self.cache.cancelRead(read) }
    }

    private func send(
        _ request: RangeRequest, _ bytes: [UInt8], _ call: GRPCServerCall,
        _ identity: CallerIdentity, _ completion: @escaping UpstreamCall.Completion
    ) {
        let upstreamRequest = UpstreamRequest(
            path: Self.service + "Range", message: bytes, identity: identity,
            deadline: call.deadline, repetition: .always)
        if let leasing, leasing.read(request, upstreamRequest, for: call, completion) { return }
        guard let ordering, request.serializable else {
            return call.relay(upstreamRequest, to: upstream) { result in
                self.ordering?.seen(result)
                completion(result)
            }
        }
        ordering.read(upstreamRequest, for: call, completion)
    }

    private func completed(
        _ result: Result<[UInt8], GRPCStatus>, _ call: GRPCServerCall, _ key: RangeCache.Key,
        _ read: UInt64
    ) {
        switch result {
        case .failure(let status):
            cache.cancelRead(read)
            call.finish(status)
        case .success(let response):
            guard let response = call.without(namespace, response, .range) else {
                return cache.cancelRead(read)
            }
            cache.store(response, key, read: read)
            metrics.cacheKeys.set(Int64(cache.count))
            call.respond(response)
        }
    }
}

// MARK: - Writes

extension KeyValueProxy {
    private func put(_ call: GRPCServerCall, _ message: [UInt8]) {
        guard var request = call.decoded(message, PutRequest.init(decoding:)) else { return }
        guard call.isAccepted({ () throws(EtcdError) in try namespace.add(to: &request) }) else {
            return
        }
        let bytes = namespace.isEmpty ? message : request.encoded()
        write(call, bytes, .put(request), WrittenKeys.of(request), .put)
    }

    private func deleteRange(_ call: GRPCServerCall, _ message: [UInt8]) {
        guard var request = call.decoded(message, DeleteRangeRequest.init(decoding:)) else {
            return
        }
        guard call.isAccepted({ () throws(EtcdError) in try namespace.add(to: &request) }) else {
            return
        }
        let bytes = namespace.isEmpty ? message : request.encoded()
        write(call, bytes, .deleteRange(request), WrittenKeys.of(request), .deleteRange)
    }

    private func transaction(_ call: GRPCServerCall, _ message: [UInt8]) {
        guard var request = call.decoded(message, TxnRequest.init(decoding:)) else { return }
        guard call.isAccepted({ () throws(EtcdError) in try namespace.add(to: &request) }) else {
            return
        }
        let bytes = namespace.isEmpty ? message : request.encoded()
        write(call, bytes, .txn(request), WrittenKeys.of(request), .transaction)
    }

    private func write(
        _ call: GRPCServerCall, _ bytes: [UInt8], _ operation: RequestOp,
        _ keys: [KeyInterval], _ shape: ResponseShape
    ) {
        invalidate(keys)
        let request = UpstreamRequest(
            path: call.method.path, message: bytes, identity: CallerIdentity(call),
            deadline: call.deadline, repetition: .ifUnprocessed)
        let completion: UpstreamCall.Completion = { result in
            self.invalidate(keys)
            self.ordering?.seen(result)
            switch result {
            case .failure(let status): call.finish(status)
            case .success(let response):
                guard let response = call.without(self.namespace, response, shape) else { return }
                call.respond(response)
            }
        }
        if let leasing { return leasing.write(operation, keys, request, for: call, completion) }
        // The write may be executed although its client has gone.
        let started = UpstreamCall.start(request, on: upstream, completion)
        call.whenClosed { started.abandon() }
    }

    private func invalidate(_ keys: [KeyInterval]) {
        for interval in keys { cache.invalidate(interval) }
        metrics.cacheKeys.set(Int64(cache.count))
    }

    private func compact(_ call: GRPCServerCall, _ message: [UInt8]) {
        guard let request = call.decoded(message, CompactionRequest.init(decoding:)) else { return }
        call.relay(message, to: upstream, .ifUnprocessed) { response in
            self.cache.compacted(at: request.revision)
            call.respond(response)
        }
    }
}

/// A streaming call that was refused when it started.
private final class RefusedStream: GRPCCallHandler {
    func receive(_ message: [UInt8], on call: GRPCServerCall) {}
    func receiveHalfClose(on call: GRPCServerCall) {}
    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}
