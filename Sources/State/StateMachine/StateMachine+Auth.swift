import EtcdAPI

/// Requests about users and roles, as other members of a cluster put them into the log.
///
/// Users are not kept here yet. As long as authentication is off, what only asks for users changes
/// nothing, and is passed over; what would change them stops the member.
extension StateMachine {
    /// Applies a request about users; nil for any other.
    func applyAuthRequest(
        _ field: UInt32, _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry? {
        guard let request = AuthRequest(field: field) else { return nil }
        guard !request.changesUsers else {
            throw .changesUsers(index: entry.index, request: "\(request.name)")
        }
        var applied = AppliedEntry(outcome: outcome(.done))
        applied.operation = request.name
        if field == InternalRaftRequest.Field.authenticate {
            applied.outcome = outcome(.failed(.authNotEnabled))
        }
        return applied
    }

    /// Throws if an entry that is still to be applied would stop the member, so that it can be
    /// refused before the member starts.
    package static func requireSupported(_ entry: CommittedEntry) throws(StateError) {
        guard entry.kind == .request,
            let request = try? InternalRaftRequest(decoding: entry.data),
            case .other(let field, _) = request.payload,
            let auth = AuthRequest(field: field), auth.changesUsers
        else { return }
        throw .changesUsers(index: entry.index, request: "\(auth.name)")
    }
}

/// A kind of request about users and roles.
private struct AuthRequest {
    /// As etcd's metrics name it.
    let name: StaticString
    let changesUsers: Bool

    /// - Returns: nil when the field of an entry is none about users.
    init?(field: UInt32) {
        typealias Field = InternalRaftRequest.Field
        switch field {
        case Field.authenticate: self.init("Authenticate", changesUsers: false)
        case Field.authStatus: self.init("AuthStatus", changesUsers: false)
        // It is off, or the state would have been refused.
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
