package import Auth
package import EtcdAPI
package import MVCC

extension AuthSnapshot: ReadAuthority {}

/// Reads on behalf of a caller, whose permission is that of the moment that is read.
extension Store {
    /// The auth state now; nil while authentication is disabled. Any thread.
    package var auth: AuthSnapshot? { currentAuthority.map(Self.snapshot) }

    /// Executes a range; see `range(_:into:check:)`.
    package func range(
        _ request: RangeRequest, by identity: Identity, into response: inout RangeResponse
    ) throws(ReadError) -> RangeExecution {
        try range(request, into: &response) { authority throws(EtcdError) in
            try Self.snapshot(authority).require(request, by: identity)
        }
    }

    /// Opens a reader; see `openRange(_:check:)`. The permission is checked when it is opened.
    package func openRange(
        _ request: RangeRequest, by identity: Identity
    ) throws(ReadError) -> RangeReader {
        try openRange(request) { authority throws(EtcdError) in
            try Self.snapshot(authority).require(request, by: identity)
        }
    }

    static func snapshot(_ authority: any ReadAuthority) -> AuthSnapshot {
        guard let snapshot = authority as? AuthSnapshot else {
            preconditionFailure("the state machine publishes auth snapshots")
        }
        return snapshot
    }
}

extension AuthSnapshot {
    /// Throws unless the caller may now read what the transaction names. It has no writes, so the
    /// keys of leases do not matter.
    func require(_ request: TxnRequest, by identity: Identity) throws(EtcdError) {
        try authorization(of: identity).require(request) { _ in [] }
        try requireCurrent(identity)
    }

    /// Throws unless the caller may read the range now.
    fileprivate func require(
        _ request: RangeRequest, by identity: Identity
    ) throws(EtcdError) {
        try authorization(of: identity).require(request)
        try requireCurrent(identity)
    }
}
