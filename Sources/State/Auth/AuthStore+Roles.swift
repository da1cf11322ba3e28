import Bolt
import EtcdAPI

/// Changes of roles.
extension AuthStore {
    /// What etcd lists for the role root, which has everything without a permission.
    private static let rootPermission = AuthPermission(.readWrite, key: [], rangeEnd: [0])

    mutating func apply(
        _ request: Etcdserverpb_AuthRoleAddRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        let role = AuthRole(name: AuthName(request.name))
        guard snapshot.roles[role.name] == nil else { throw .roleAlreadyExists }
        store(role, into: &batch)
        return .done
    }

    /// Deletes a role and takes it from its users.
    mutating func apply(
        _ request: Etcdserverpb_AuthRoleDeleteRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        let name = AuthName(request.role)
        guard !isEnabled || name != .root else { throw .invalidAuthManagement }
        guard snapshot.roles[name] != nil else { throw .roleNotFound }
        var content = snapshot.content
        content.deleteRole(name, into: &batch)
        for var user in snapshot.users.values.sorted(by: { $0.name < $1.name })
        where user.roles.contains(name) {
            user.roles = user.roles.filter { $0 != name }
            content.store(user, into: &batch)
        }
        content.raiseRevision(into: &batch)
        replace(with: AuthSnapshot(content))
        return .done
    }

    /// Grants a permission, or changes the kind of a granted one.
    ///
    /// As in etcd only the first permission with the key can be changed. If it has another range
    /// end, the permission is added, even if it is granted already.
    mutating func apply(
        _ request: Etcdserverpb_AuthRoleGrantPermissionRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        var role = try role(request.name)
        let permission = AuthPermission(request.perm)
        let first = role.permissions.sortedIndex {
            $0.key.lexicographicallyPrecedes(permission.key)
        }
        if first < role.permissions.count, role.permissions[first].key == permission.key,
            role.permissions[first].rangeEnd == permission.rangeEnd
        {
            role.permissions[first].kind = permission.kind
        } else {
            role.permissions = PermissionOrder.sorted(role.permissions + [permission])
        }
        store(role, into: &batch)
        return .done
    }

    mutating func apply(
        _ request: Etcdserverpb_AuthRoleRevokePermissionRequest, into batch: inout BoltWriteBatch
    ) throws(EtcdError) -> AuthResponse {
        var role = try role(request.role)
        let (key, rangeEnd) = (Array(request.key), Array(request.rangeEnd))
        let remaining = role.permissions.filter { $0.key != key || $0.rangeEnd != rangeEnd }
        guard remaining.count < role.permissions.count else { throw .permissionNotGranted }
        role.permissions = remaining
        store(role, into: &batch)
        return .done
    }

    /// The permissions of a role, for root and for its users.
    func get(
        _ request: Etcdserverpb_AuthRoleGetRequest, by requester: Requester
    ) throws(EtcdError) -> AuthResponse {
        let isHeld = snapshot.users[requester.user]?.roles.contains(AuthName(request.role))
        if isHeld != true { try snapshot.requireRoot(requester) }
        let role = try role(request.role)
        return .permissions(role.name == .root ? [Self.rootPermission] : role.permissions)
    }

    private func role(_ name: String) throws(EtcdError) -> AuthRole {
        guard let role = snapshot.roles[AuthName(name)] else { throw .roleNotFound }
        return role
    }

    private mutating func store(_ role: AuthRole, into batch: inout BoltWriteBatch) {
        var content = snapshot.content
        content.store(role, into: &batch)
        content.raiseRevision(into: &batch)
        replace(with: AuthSnapshot(content))
    }
}
