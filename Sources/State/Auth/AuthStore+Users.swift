import Base64
import Bolt
import EtcdAPI

/// Changes of users.
extension AuthStore {
    mutating func apply(
        _ request: Etcdserverpb_AuthUserAddRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        let name = AuthName(request.name)
        guard snapshot.users[name] == nil else { throw .userAlreadyExists }
        let options = AuthUserOptions(noPassword: request.options.noPassword)
        var user = AuthUser(name: name, options: options)
        if !user.hasNoPassword {
            user.password = try StoredPassword.bytes(of: request.hashedPassword)
        }
        store(user, into: &batch)
        return .done
    }

    mutating func apply(
        _ request: Etcdserverpb_AuthUserDeleteRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        let name = AuthName(request.name)
        guard !isEnabled || name != .root else { throw .invalidAuthManagement }
        guard snapshot.users[name] != nil else { throw .userNotFound }
        var content = snapshot.content
        content.deleteUser(name, into: &batch)
        content.raiseRevision(into: &batch)
        replace(with: snapshot.changed(to: content, except: name))
        return .credentialsChanged(of: name)
    }

    mutating func apply(
        _ request: Etcdserverpb_AuthUserChangePasswordRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        var user = try user(request.name)
        user.password =
            user.hasNoPassword ? [] : try StoredPassword.bytes(of: request.hashedPassword)
        store(user, into: &batch)
        return .credentialsChanged(of: user.name)
    }

    mutating func apply(
        _ request: Etcdserverpb_AuthUserGrantRoleRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        var user = try user(request.user)
        let role = AuthName(request.role)
        // The role root needs no record.
        guard role == .root || snapshot.roles[role] != nil else { throw .roleNotFound }
        guard !user.roles.containsSorted(role) else { return .done }
        user.roles = (user.roles + [role]).sorted()
        store(user, into: &batch)
        return .done
    }

    mutating func apply(
        _ request: Etcdserverpb_AuthUserRevokeRoleRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        let role = AuthName(request.role)
        guard !isEnabled || AuthName(request.name) != .root || role != .root else {
            throw .invalidAuthManagement
        }
        var user = try user(request.name)
        let remaining = user.roles.filter { $0 != role }
        guard remaining.count < user.roles.count else { throw .roleNotGranted }
        user.roles = remaining
        store(user, into: &batch)
        return .done
    }

    /// The roles of a user, for root and for the user.
    func get(
        _ request: Etcdserverpb_AuthUserGetRequest, by requester: Requester
    ) throws(EtcdError) -> AuthResponse {
        if AuthName(request.name) != requester.user { try snapshot.requireRoot(requester) }
        return .userRoles(try user(request.name).roles)
    }

    private func user(_ name: String) throws(EtcdError) -> AuthUser {
        guard let user = snapshot.users[AuthName(name)] else { throw .userNotFound }
        return user
    }

    private mutating func store(_ user: AuthUser, into batch: inout BoltWriteBatch) {
        var content = snapshot.content
        content.store(user, into: &batch)
        content.raiseRevision(into: &batch)
        replace(with: snapshot.changed(to: content, except: user.name))
    }
}

/// The stored form of a password.
enum StoredPassword {
    /// The bcrypt text that the proposer has made, from its base64.
    ///
    /// Members before 3.5 propose the password itself instead, and every member hashes it with a
    /// salt of its own, so that their databases differ. Here such a user is stored without a hash:
    /// on all members alike, and without a login until a new password is set.
    static func bytes(of hashedPassword: String) throws(EtcdError) -> [UInt8] {
        guard let bytes = Base64.decode(hashedPassword.utf8) else {
            throw .passwordForNoPasswordUser
        }
        return bytes
    }
}
