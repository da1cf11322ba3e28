package import EtcdAPI

/// What a requester may do with keys, found once for each request.
package enum Authorization: Sendable {
    /// Everything: authentication is disabled, or the user has the role root.
    case unlimited
    case keys(KeyPermissions)
    /// Nothing, except to root what etcd permits root whatever its revision: all with leases. A
    /// request that touches no key is permitted too.
    case refused(EtcdError, isRoot: Bool)
}

/// A kind of access to keys.
package enum KeyAccess: Sendable {
    case read, write
}

extension AuthSnapshot {
    /// What the requester of an entry may do with keys.
    package func authorization(of requester: Requester) -> Authorization {
        guard isEnabled else { return .unlimited }
        guard requester.revision >= max(revision, 1) else {
            return .refused(
                requester.revision == 0 ? .userEmpty : .authOldRevision,
                isRoot: users[requester.user]?.hasRootRole ?? false)
        }
        return authorization(of: requester.user) ?? .refused(.permissionDenied, isRoot: false)
    }

    /// What the caller of a read may do with keys.
    package func authorization(of identity: Identity) -> Authorization {
        identity == .server ? .unlimited : authorization(of: requester(identity))
    }

    /// Throws unless a user has the role root.
    ///
    /// - Throws: `userEmpty` without a user, `userNotFound`, `permissionDenied`.
    package func requireRoot(_ requester: Requester) throws(EtcdError) {
        guard isEnabled else { return }
        guard !requester.user.isEmpty else { throw .userEmpty }
        guard let user = users[requester.user] else { throw .userNotFound }
        guard user.hasRootRole else { throw .permissionDenied }
    }

    /// Throws unless the caller has the role root or is the member itself.
    package func requireRoot(_ identity: Identity) throws(EtcdError) {
        if identity != .server { try requireRoot(requester(identity)) }
    }

    /// Throws unless the caller has credentials; their user need not exist.
    package func requireUser(_ identity: Identity) throws(EtcdError) {
        if isEnabled, identity == .none { throw .userEmpty }
    }

    /// Throws unless a read's credentials are of this very revision. etcd checks this after the
    /// read, and so refuses a token of a later revision too, which may write.
    package func requireCurrent(_ identity: Identity) throws(EtcdError) {
        guard isEnabled, case .user(_, let limit?) = identity, limit != 0 else { return }
        guard limit == revision else { throw .authOldRevision }
    }
}

extension Authorization {
    /// Whether everything about leases is permitted without a check of their keys.
    var coversAllLeases: Bool {
        switch self {
        case .unlimited: true
        case .keys: false
        case .refused(_, let isRoot): isRoot
        }
    }

    /// Throws unless the keys of a range may be accessed.
    ///
    /// - Parameter rangeEnd: as in a RangeRequest.
    package func require(
        _ access: KeyAccess, _ key: ArraySlice<UInt8>, _ rangeEnd: ArraySlice<UInt8> = []
    ) throws(EtcdError) {
        switch self {
        case .unlimited: return
        case .refused(let error, _): throw error
        case .keys(let permissions):
            let intervals = access == .read ? permissions.read : permissions.write
            guard intervals.covers(key, rangeEnd) else { throw .permissionDenied }
        }
    }
}
