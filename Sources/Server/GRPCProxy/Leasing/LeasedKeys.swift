import EtcdAPI
import EtcdClient
import GRPC
import MonotonicClock
import NIOCore
import ServerLogging

/// `--experimental-leasing-prefix`: keys that this proxy owns, and serves without a member.
///
/// The owner of a key has created `PREFIX/KEY` on the lease of its session. A writer, which may be
/// any proxy with the same prefix, also one of etcd, writes only while that key does not exist: it
/// asks the owner by the value `REVOKE` and waits until it is gone, at the latest with the lease.
///
/// Invariant: a response is served only between the transaction that created the owner's key and
/// its deletion, and before the lease could have expired.
final class LeasedKeys: @unchecked Sendable {  // used on the proxy's event loop only
    private struct Owner: Hashable {
        let token: String?
        let key: ArraySlice<UInt8>
    }

    private struct Owned {
        let response: [UInt8]
        /// When the owner's key was created.
        let revision: Int64
    }

    private let upstream: Upstream
    private let keys: LeasingKeys
    private let logger: ServerLogger
    /// nil: nothing is owned.
    private var lease: Lease?
    private var owned: [Owner: Owned] = [:]
    /// Keys whose transactions are under way, and of those that others have asked for meanwhile.
    private var acquiring: [ArraySlice<UInt8>: Int] = [:]
    private var revoked: Set<ArraySlice<UInt8>> = []

    private static let ownedMax = 2_048
    private static let responseBytesMax = 1 << 20
    /// Attempts to give a key back; writers wait for it.
    private static let deletionsMax = 600
    private static let ttl = Duration.seconds(60)
    private static let pause = TimeAmount.milliseconds(50)
    private static let txnPath = "/etcdserverpb.KV/Txn"

    init(upstream: Upstream, namespace: Namespace, prefix: String, logger: ServerLogger) {
        self.upstream = upstream
        self.logger = logger
        keys = LeasingKeys(namespace: namespace, prefix: Array(prefix.utf8))
    }

    // MARK: - The session

    /// Keeps a session until the task is cancelled.
    func run() async {
        let (client, eventLoop) = (upstream.client, upstream.eventLoop)
        while !Task.isCancelled {
            do {
                try await client.withLease(ttl: Self.ttl) { lease in
                    try await client.withWatch(self.keys.all) { watch in
                        eventLoop.execute { self.lease = lease }
                        for try await update in watch {
                            for event in update.events {
                                self.changed(
                                    event.pair, isDeleted: event.kind == .delete, lease.id)
                            }
                        }
                    }
                }
            } catch {
                logger.warn("leasing session ended", ["error": .error(error)])
            }
            eventLoop.execute { self.end() }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func end() {
        lease = nil
        owned = [:]
    }

    /// Another proxy asks for a key that this one owns, or a key of an owner was deleted, by whomever.
    private func changed(_ pair: KeyValuePair, isDeleted: Bool, _ id: LeaseID) {
        let leaseKey = pair.key
        let key = keys.key(of: leaseKey)
        if isDeleted {
            let revision = pair.modRevision.rawValue
            upstream.eventLoop.execute { self.forget(KeyInterval(key), before: revision) }
        } else if pair.value == LeasingKeys.revoke, pair.lease == id {
            upstream.eventLoop.execute { self.release(key, leaseKey) }
        }
    }

    private func release(_ key: ArraySlice<UInt8>, _ leaseKey: [UInt8]) {
        if acquiring[key] != nil { revoked.insert(key) }
        forget(KeyInterval(key))
        let client = upstream.client
        Task {
            for _ in 0..<Self.deletionsMax {
                guard (try? await client.delete(leaseKey)) == nil else { return }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func forget(_ interval: KeyInterval, before revision: Int64 = .max) {
        owned = owned.filter { owner, owned in
            !interval.contains(owner.key) || owned.revision >= revision
        }
    }

    /// Serves nothing that was read before.
    func clear() { owned = [:] }

    // MARK: - Reads

    /// Serves a read of one key; returns false if that read cannot be served from owned keys.
    func read(
        _ request: RangeRequest, _ sent: UpstreamRequest, for call: GRPCServerCall,
        _ completion: @escaping UpstreamCall.Completion
    ) -> Bool {
        guard request.readsOneKey, let lease, lease.deadline > .now else { return false }
        let owner = Owner(token: sent.identity.token, key: request.key)
        if let owned = owned[owner] {
            completion(.success(owned.response))
            return true
        }
        guard !request.serializable, owned.count < Self.ownedMax else { return false }
        acquire(owner, lease, sent, call, completion)
        return true
    }

    private func acquire(
        _ owner: Owner, _ lease: Lease, _ sent: UpstreamRequest, _ call: GRPCServerCall,
        _ completion: @escaping UpstreamCall.Completion
    ) {
        var request = UpstreamRequest(
            path: Self.txnPath,
            message: keys.acquisition(of: owner.key, lease.id.rawValue).encoded(),
            identity: sent.identity, deadline: sent.deadline, repetition: .ifUnprocessed)
        request.avoidedSlot = sent.avoidedSlot
        acquiring[owner.key, default: 0] += 1
        // Not bound to the call: the key may be created although its client has gone.
        let started = UpstreamCall.start(request, on: upstream) { result in
            let isRevoked = self.acquired(owner.key)
            guard case .success(let bytes) = result,
                let response = LeasingResponse(bytes)
            else {
                // A user who may not write the owner's key may still read.
                return call.relay(sent, to: self.upstream, completion)
            }
            if response.succeeded {
                self.keep(response, owner, lease, isRevoked: isRevoked)
            }
            completion(.success(response.inner))
        }
        call.whenClosed { started.abandon() }
    }

    /// Returns whether others have asked for the key while it was acquired.
    private func acquired(_ key: ArraySlice<UInt8>) -> Bool {
        guard let count = acquiring[key], count > 1 else {
            acquiring[key] = nil
            return revoked.remove(key) != nil
        }
        acquiring[key] = count - 1
        return revoked.contains(key)
    }

    /// Keeps what was read with the owner's key. A pair on a lease is not kept: it goes with its
    /// lease, which asks no owner.
    private func keep(
        _ response: LeasingResponse, _ owner: Owner, _ lease: Lease, isRevoked: Bool
    ) {
        guard !isRevoked else { return }
        guard self.lease === lease, !response.hasLease,
            response.inner.count <= Self.responseBytesMax
        else { return release(owner.key, Array(keys.leaseKey(of: owner.key))) }
        owned[owner] = Owned(
            response: response.inner, revision: ReadOrdering.revision(of: response.inner))
    }

    // MARK: - Writes

    /// Writes once no proxy owns the keys. `completion` is called unless the client goes before
    /// anything is written.
    func write(
        _ operation: RequestOp, _ intervals: [KeyInterval], _ sent: UpstreamRequest,
        for call: GRPCServerCall, _ completion: @escaping UpstreamCall.Completion
    ) {
        for interval in intervals { forget(interval) }
        let leased = intervals.map { keys.leaseInterval(of: $0) }
        let request = UpstreamRequest(
            path: Self.txnPath, message: keys.guarded(operation, leased).encoded(),
            identity: sent.identity, deadline: sent.deadline, repetition: .ifUnprocessed)
        let started = UpstreamCall.start(request, on: upstream) { result in
            for interval in intervals { self.forget(interval) }
            guard case .success(let bytes) = result, let response = LeasingResponse(bytes) else {
                return completion(result)
            }
            if response.succeeded { return completion(.success(response.inner)) }
            guard !call.isClosed else { return completion(.failure(.canceled)) }
            self.askOwners(response.leaseKeys, sent.identity)
            self.upstream.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
                self.write(operation, intervals, sent, for: call, completion)
            }
        }
        if !call.isClosed { call.onClosed = { _ in started.abandon() } }
    }

    private func askOwners(_ pairs: [KeyValue], _ identity: CallerIdentity) {
        for pair in pairs where Array(pair.value) != LeasingKeys.revoke {
            guard pair.lease != lease?.id.rawValue else {
                release(keys.key(of: Array(pair.key)), Array(pair.key))
                continue
            }
            let request = UpstreamRequest(
                path: Self.txnPath, message: keys.revocation(of: pair).encoded(),
                identity: identity, deadline: GRPCClientConnection.now() + TimeSpan.seconds(5),
                repetition: .ifUnprocessed)
            UpstreamCall.start(request, on: upstream) { _ in }
        }
    }
}

extension RangeRequest {
    /// Whether it reads the present value of one key as a whole.
    fileprivate var readsOneKey: Bool {
        rangeEnd.isEmpty && !key.isEmpty && revision <= 0 && !keysOnly && !countOnly
            && minModRevision == 0 && maxModRevision == 0 && minCreateRevision == 0
            && maxCreateRevision == 0
    }
}
