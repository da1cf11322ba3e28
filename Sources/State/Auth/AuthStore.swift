package import Bolt
package import EtcdAPI

/// Users, roles, their permissions, and whether authentication is enabled.
///
/// A value, owned by the apply thread; changes come from the log and are deterministic. Each change
/// writes its records into the transaction of its entry, so that it is stored together with the
/// applied index. Readers hold a `snapshot`.
///
/// The auth revision rises with each change of users, roles, passwords and permissions, and when
/// authentication is disabled. It does not when authentication is enabled, by a grant of a role
/// that is held already, by a login, or by an error.
package struct AuthStore: Sendable {
    /// The present state.
    package internal(set) var snapshot = AuthSnapshot()
    /// Whether permissions are checked. Stored here too: every request reads it.
    package private(set) var isEnabled = false

    /// A store without users.
    package init() {}

    package var revision: UInt64 { snapshot.revision }

    /// Executes a request.
    ///
    /// - Parameter requester: from the header of its entry.
    /// - Throws: etcd's error; then nothing has changed.
    package mutating func apply(
        _ request: AuthRequest, by requester: Requester, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        if request.needsRoot { try snapshot.requireRoot(requester) }
        try request.validate()
        switch request {
        case .enable: return try enable(into: &batch)
        case .disable: return disable(into: &batch)
        case .status: return .status(isEnabled: isEnabled, revision: revision)
        case .authenticate(let login): return try authenticate(login)
        case .userAdd(let added): return try apply(added, into: &batch)
        case .userGet(let query): return try get(query, by: requester)
        case .userList: return .users(snapshot.users.keys.sorted())
        case .userDelete(let deleted): return try apply(deleted, into: &batch)
        case .userChangePassword(let change): return try apply(change, into: &batch)
        case .userGrantRole(let grant): return try apply(grant, into: &batch)
        case .userRevokeRole(let revocation): return try apply(revocation, into: &batch)
        case .roleAdd(let added): return try apply(added, into: &batch)
        case .roleGet(let query): return try get(query, by: requester)
        case .roleList: return .roles(snapshot.roles.keys.sorted())
        case .roleDelete(let deleted): return try apply(deleted, into: &batch)
        case .roleGrantPermission(let grant): return try apply(grant, into: &batch)
        case .roleRevokePermission(let revocation): return try apply(revocation, into: &batch)
        }
    }

    /// Sets the state that was read or changed.
    mutating func replace(with snapshot: AuthSnapshot) {
        self.snapshot = snapshot
        isEnabled = snapshot.isEnabled
    }
}

/// Enabling, disabling, and logins.
extension AuthStore {
    private mutating func enable(
        into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        guard !isEnabled else { return .done }
        guard let root = snapshot.users[.root] else { throw .rootUserNotExist }
        guard root.hasRootRole else { throw .rootRoleNotExist }
        var content = snapshot.content
        content.isEnabled = true
        batch.put(bucket: AuthBucket.auth, key: AuthBucket.enabled, value: [1])
        replace(with: snapshot.changed(to: content))
        return .done
    }

    private mutating func disable(into batch: inout BoltWriteBatch) -> AuthResponse {
        guard isEnabled else { return .done }
        var content = snapshot.content
        content.isEnabled = false
        batch.put(bucket: AuthBucket.auth, key: AuthBucket.enabled, value: [0])
        content.raiseRevision(into: &batch)
        replace(with: snapshot.changed(to: content))
        return .disabled
    }

    private func authenticate(
        _ request: Etcdserverpb_InternalAuthenticateRequest
    ) throws(EtcdError) -> AuthResponse {
        guard isEnabled else { throw .authNotEnabled }
        guard let user = snapshot.users[AuthName(request.name)], !user.hasNoPassword else {
            throw .authFailed
        }
        return .authenticated(
            .init(user: user.name, simpleToken: request.simpleToken, revision: revision))
    }
}
