import Auth
import EtcdAPI
import Lease

/// Auth requests.
extension StateMachine {
    /// Applies an auth request; nil for any other.
    func applyAuthRequest(
        _ field: UInt32, _ bytes: ArraySlice<UInt8>, _ header: RequestHeader?,
        _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry? {
        guard let operation = AuthOperation(field: field) else { return nil }
        guard configuration.supportsAuth else { return try skip(operation, field, entry) }
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
        case .failure(let error): return failed(error, operation.name)
        case .success(let response):
            var applied = AppliedEntry(response: makeResponse(.auth(response)))
            applied.operation = operation.name
            return applied
        }
    }

    /// While authentication is off and users are not supported, requests that only read them are
    /// skipped; requests that change them stop the member.
    private func skip(
        _ operation: AuthOperation, _ field: UInt32, _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry {
        guard !operation.changesUsers else {
            throw .changesUsers(index: entry.index, request: "\(operation.name)")
        }
        var applied = AppliedEntry(response: makeResponse(.done))
        applied.operation = operation.name
        if field == InternalRaftRequest.Field.authenticate {
            applied.response = makeResponse(.failed(.authNotEnabled))
        }
        return applied
    }

    /// Throws if applying an entry would stop the member, so that the start can be refused.
    package static func requireSupported(_ entry: CommittedEntry) throws(StateError) {
        guard entry.kind == .request,
            let request = try? InternalRaftRequest(decoding: entry.data),
            case .other(let field, _) = request.payload,
            let operation = AuthOperation(field: field), operation.changesUsers
        else { return }
        throw .changesUsers(index: entry.index, request: "\(operation.name)")
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

    private func refusal(
        by requester: Requester, _ check: (Authorization) throws(EtcdError) -> Void
    ) -> EtcdError? {
        do throws(EtcdError) {
            try check(auth.snapshot.authorization(of: requester))
            return nil
        } catch {
            return error
        }
    }

    private func attachedKeys(_ lease: Int64) -> Set<[UInt8]> {
        leases.lessor[LeaseID(rawValue: lease)]?.keys ?? []
    }
}

/// A kind of auth request.
private struct AuthOperation {
    /// The name in etcd's metrics.
    let name: StaticString
    let changesUsers: Bool

    /// - Returns: nil when the field is not one of an auth request.
    init?(field: UInt32) {
        typealias Field = InternalRaftRequest.Field
        switch field {
        case Field.authenticate: self.init("Authenticate", changesUsers: false)
        case Field.authStatus: self.init("AuthStatus", changesUsers: false)
        // Authentication is off, otherwise the state would have been refused.
        case Field.authDisable: self.init("AuthDisable", changesUsers: false)
        case Field.authUserGet: self.init("AuthUserGet", changesUsers: false)
        case Field.authUserList: self.init("AuthUserList", changesUsers: false)
        case Field.authRoleGet: self.init("AuthRoleGet", changesUsers: false)
        case Field.authRoleList: self.init("AuthRoleList", changesUsers: false)
        case Field.authEnable: self.init("AuthEnable", changesUsers: true)
        case Field.authUserAdd: self.init("AuthUserAdd", changesUsers: true)
        case Field.authUserDelete: self.init("AuthUserDelete", changesUsers: true)
        case Field.authUserChangePassword:
            self.init("AuthUserChangePassword", changesUsers: true)
        case Field.authUserGrantRole: self.init("AuthUserGrantRole", changesUsers: true)
        case Field.authUserRevokeRole: self.init("AuthUserRevokeRole", changesUsers: true)
        case Field.authRoleAdd: self.init("AuthRoleAdd", changesUsers: true)
        case Field.authRoleDelete: self.init("AuthRoleDelete", changesUsers: true)
        case Field.authRoleGrantPermission:
            self.init("AuthRoleGrantPermission", changesUsers: true)
        case Field.authRoleRevokePermission:
            self.init("AuthRoleRevokePermission", changesUsers: true)
        default: return nil
        }
    }

    private init(_ name: StaticString, changesUsers: Bool) {
        self.name = name
        self.changesUsers = changesUsers
    }
}
