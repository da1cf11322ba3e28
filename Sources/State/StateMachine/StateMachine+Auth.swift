package import Auth
package import EtcdAPI
package import Lease

/// Auth requests.
extension StateMachine {
    /// Applies an auth request; nil for any other.
    func applyAuthRequest(
        _ field: UInt32, _ bytes: ArraySlice<UInt8>, _ header: RequestHeader?,
        _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry? {
        guard let name = AuthRequest.name(ofField: field) else { return nil }
        // etcd does not name it as an applied entry, only as a request.
        let operation = field == InternalRaftRequest.Field.authStatus ? "unknown" : name
        guard let request = try? AuthRequest(field: field, bytes: bytes) else {
            throw .undecodableEntry(index: entry.index)
        }
        var result: Result<AuthResponse, EtcdError> = .success(.done)
        mutate { batch in
            result = Result { () throws(EtcdError) in
                try auth.apply(request, by: Requester(header), into: &batch)
            }
        }
        switch result {
        case .failure(let error): return failed(error, operation)
        case .success(let response):
            publishAuth()
            var applied = AppliedEntry(response: makeResponse(.auth(response, index: entry.index)))
            applied.operation = operation
            return applied
        }
    }
}

/// Permissions, checked at apply by the header of the entry.
extension StateMachine {
    func refusal(of request: PutRequest, by requester: Requester) -> EtcdError? {
        refusal(by: requester) { authorization throws(EtcdError) in
            try authorization.require(request, attachedKeys: attachedKeys)
        }
    }

    func refusal(of request: DeleteRangeRequest, by requester: Requester) -> EtcdError? {
        refusal(by: requester) { authorization throws(EtcdError) in
            try authorization.require(request)
        }
    }

    func refusal(of request: TxnRequest, by requester: Requester) -> EtcdError? {
        refusal(by: requester) { authorization throws(EtcdError) in
            try authorization.require(request, attachedKeys: attachedKeys)
        }
    }

    func refusal(of request: RangeRequest, by requester: Requester) -> EtcdError? {
        refusal(by: requester) { authorization throws(EtcdError) in
            try authorization.require(request)
        }
    }

    func refusal(of request: LeaseRevokeRequest, by requester: Requester) -> EtcdError? {
        refusal(by: requester) { authorization throws(EtcdError) in
            try authorization.requireWrite(ofLease: request.id, attachedKeys)
        }
    }

    /// Throws unless the caller may renew a lease: WRITE on all of its keys. Linear in their number.
    package func requireRenewal(of lease: LeaseID, by identity: Identity) throws(EtcdError) {
        guard auth.isEnabled else { return }
        try auth.snapshot.requireUser(identity)
        try auth.snapshot.authorization(of: identity)
            .requireWrite(ofLease: lease.rawValue, attachedKeys)
    }

    /// - Parameter check: throws what the requester lacks.
    private func refusal(
        by requester: Requester, _ check: (Authorization) throws(EtcdError) -> Void
    ) -> EtcdError? {
        Self.refusal { () throws(EtcdError) in
            try check(auth.snapshot.authorization(of: requester))
        }
    }

    private static func refusal(_ check: () throws(EtcdError) -> Void) -> EtcdError? {
        do throws(EtcdError) {
            try check()
            return nil
        } catch {
            return error
        }
    }

    func attachedKeys(_ lease: Int64) -> Set<[UInt8]> {
        leases.lessor[LeaseID(rawValue: lease)]?.keys ?? []
    }
}

extension AuthRequest {
    /// The name of a request in etcd's metrics; nil when the field is not one of an auth request.
    package static func name(ofField field: UInt32) -> StaticString? {
        typealias Field = InternalRaftRequest.Field
        return switch field {
        case Field.authenticate: "Authenticate"
        case Field.authStatus: "AuthStatus"
        case Field.authEnable: "AuthEnable"
        case Field.authDisable: "AuthDisable"
        case Field.authUserAdd: "AuthUserAdd"
        case Field.authUserGet: "AuthUserGet"
        case Field.authUserList: "AuthUserList"
        case Field.authUserDelete: "AuthUserDelete"
        case Field.authUserChangePassword: "AuthUserChangePassword"
        case Field.authUserGrantRole: "AuthUserGrantRole"
        case Field.authUserRevokeRole: "AuthUserRevokeRole"
        case Field.authRoleAdd: "AuthRoleAdd"
        case Field.authRoleGet: "AuthRoleGet"
        case Field.authRoleList: "AuthRoleList"
        case Field.authRoleDelete: "AuthRoleDelete"
        case Field.authRoleGrantPermission: "AuthRoleGrantPermission"
        case Field.authRoleRevokePermission: "AuthRoleRevokePermission"
        default: nil
        }
    }
}
