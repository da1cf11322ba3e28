import EtcdAPI

/// Auth requests that other members of the cluster proposed.
///
/// Users and roles are not supported yet. While authentication is off, requests that only read
/// users or roles are skipped; requests that change them stop the member.
extension StateMachine {
    /// Applies an auth request; nil for any other.
    func applyAuthRequest(
        _ field: UInt32, _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry? {
        guard let request = AuthRequest(field: field) else { return nil }
        guard !request.changesUsers else {
            throw .changesUsers(index: entry.index, request: "\(request.name)")
        }
        var applied = AppliedEntry(response: makeResponse(.done))
        applied.operation = request.name
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
            let auth = AuthRequest(field: field), auth.changesUsers
        else { return }
        throw .changesUsers(index: entry.index, request: "\(auth.name)")
    }
}

/// A kind of auth request.
private struct AuthRequest {
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
