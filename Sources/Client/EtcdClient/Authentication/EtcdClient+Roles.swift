internal import EtcdAPI

extension EtcdClient {
    /// The names of all roles.
    public func roles(timeout: Duration? = nil) async throws(EtcdClientError) -> [String] {
        let response: Etcdserverpb_AuthRoleListResponse = try await cluster.unary(
            .roleList, Etcdserverpb_AuthRoleListRequest(), timeout: timeout)
        return response.roles
    }

    /// Adds a role without permissions.
    ///
    /// - Throws: `roleExists`.
    public func addRole(_ name: String, timeout: Duration? = nil) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthRoleAddRequest()
        request.name = name
        let _: Etcdserverpb_AuthRoleAddResponse = try await cluster.unary(
            .roleAdd, request, timeout: timeout)
    }

    /// Deletes a role, also from its users.
    public func deleteRole(
        _ name: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthRoleDeleteRequest()
        request.role = name
        let _: Etcdserverpb_AuthRoleDeleteResponse = try await cluster.unary(
            .roleDelete, request, timeout: timeout)
    }

    /// The permissions of a role.
    ///
    /// - Throws: `roleNotFound`.
    public func permissions(
        of role: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> [Permission] {
        var request = Etcdserverpb_AuthRoleGetRequest()
        request.role = role
        let response: Etcdserverpb_AuthRoleGetResponse = try await cluster.unary(
            .roleGet, request, timeout: timeout)
        return response.perm.map { Permission($0) }
    }

    /// Adds a permission to a role, or changes the access to the same keys.
    public func grantPermission(
        _ permission: Permission, to role: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthRoleGrantPermissionRequest()
        request.name = role
        request.perm = permission.message
        let _: Etcdserverpb_AuthRoleGrantPermissionResponse = try await cluster.unary(
            .roleGrantPermission, request, timeout: timeout)
    }

    /// Takes the permission for exactly these keys from a role.
    ///
    /// - Throws: `permissionNotGranted`.
    public func revokePermission(
        for keys: KeyRange, from role: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthRoleRevokePermissionRequest()
        request.role = role
        request.key.append(contentsOf: keys.start)
        request.rangeEnd.append(contentsOf: keys.end)
        let _: Etcdserverpb_AuthRoleRevokePermissionResponse = try await cluster.unary(
            .roleRevokePermission, request, timeout: timeout)
    }
}
