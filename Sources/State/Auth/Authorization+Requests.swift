package import EtcdAPI

/// The keys that are attached to a lease; none if it does not exist.
package typealias AttachedKeys = (Int64) -> Set<[UInt8]>

/// Permissions of requests, in etcd's order.
extension Authorization {
    package func require(_ request: RangeRequest) throws(EtcdError) {
        try require(.read, request.key, request.rangeEnd)
    }

    /// A put needs WRITE on its key, and on all keys of its lease: a user who cannot revoke a lease
    /// cannot attach keys to it either. The previous pair needs READ.
    package func require(
        _ request: PutRequest, attachedKeys: AttachedKeys
    ) throws(EtcdError) {
        try require(.write, request.key)
        if request.lease != 0 { try requireWrite(ofLease: request.lease, attachedKeys) }
        if request.prevKV { try require(.read, request.key) }
    }

    package func require(_ request: DeleteRangeRequest) throws(EtcdError) {
        try require(.write, request.key, request.rangeEnd)
        if request.prevKV { try require(.read, request.key, request.rangeEnd) }
    }

    /// A transaction needs the permissions of all its compares and of both branches, whichever is
    /// executed, at every level. One without any needs no user.
    package func require(
        _ request: TxnRequest, attachedKeys: AttachedKeys
    ) throws(EtcdError) {
        if case .unlimited = self { return }
        for compare in request.compare { try require(.read, compare.key, compare.rangeEnd) }
        for operation in request.success { try require(operation, attachedKeys) }
        for operation in request.failure { try require(operation, attachedKeys) }
    }

    private func require(
        _ operation: RequestOp, _ attachedKeys: AttachedKeys
    ) throws(EtcdError) {
        switch operation {
        case .range(let range): try require(range)
        case .put(let put): try require(put, attachedKeys: attachedKeys)
        case .deleteRange(let delete): try require(delete)
        case .txn(let nested): try require(nested, attachedKeys: attachedKeys)
        case .none: break
        }
    }

    /// A watcher needs READ on its range. Without a key it watches all keys from the first one on.
    package func require(_ request: WatchCreateRequest) throws(EtcdError) {
        try require(.read, request.key.isEmpty ? [0] : request.key, request.rangeEnd)
    }

    /// Revoking or renewing a lease, and putting with it, needs WRITE on its keys. Linear in their
    /// number.
    package func requireWrite(
        ofLease id: Int64, _ attachedKeys: AttachedKeys
    ) throws(EtcdError) {
        if coversAllLeases { return }
        for key in attachedKeys(id) { try require(.write, key[...]) }
    }

    /// Listing the keys of a lease, or all leases, needs READ on their keys.
    package func requireRead(of keys: some Sequence<[UInt8]>) throws(EtcdError) {
        if coversAllLeases { return }
        for key in keys { try require(.read, key[...]) }
    }
}
