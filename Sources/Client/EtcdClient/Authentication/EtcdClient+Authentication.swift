internal import EtcdAPI

// Users, roles and permissions are those of the cluster, not of a namespace.

extension EtcdClient {
    /// Whether users are authenticated.
    public func authStatus(timeout: Duration? = nil) async throws(EtcdClientError) -> AuthStatus {
        let response: Etcdserverpb_AuthStatusResponse = try await cluster.unary(
            .authStatus, Etcdserverpb_AuthStatusRequest(), timeout: timeout)
        return AuthStatus(isEnabled: response.enabled, revision: response.authRevision)
    }

    /// Enables authentication.
    ///
    /// - Throws: `rootMissing` without a user `root` that has the role `root`.
    public func enableAuth(timeout: Duration? = nil) async throws(EtcdClientError) {
        let _: Etcdserverpb_AuthEnableResponse = try await cluster.unary(
            .authEnable, Etcdserverpb_AuthEnableRequest(), timeout: timeout)
    }

    /// Disables authentication.
    public func disableAuth(timeout: Duration? = nil) async throws(EtcdClientError) {
        let _: Etcdserverpb_AuthDisableResponse = try await cluster.unary(
            .authDisable, Etcdserverpb_AuthDisableRequest(), timeout: timeout)
    }
}

extension EtcdClient {
    /// The names of all users.
    public func users(timeout: Duration? = nil) async throws(EtcdClientError) -> [String] {
        let response: Etcdserverpb_AuthUserListResponse = try await cluster.unary(
            .userList, Etcdserverpb_AuthUserListRequest(), timeout: timeout)
        return response.users
    }

    /// Adds a user.
    ///
    /// - Parameter password: nil: the user can only be authenticated by a client certificate.
    /// - Throws: `userExists`.
    public func addUser(
        _ name: String, password: String?, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthUserAddRequest()
        request.name = name
        request.password = password ?? ""
        request.options.noPassword = password == nil
        let _: Etcdserverpb_AuthUserAddResponse = try await cluster.unary(
            .userAdd, request, timeout: timeout)
    }

    /// Deletes a user.
    public func deleteUser(
        _ name: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthUserDeleteRequest()
        request.name = name
        let _: Etcdserverpb_AuthUserDeleteResponse = try await cluster.unary(
            .userDelete, request, timeout: timeout)
    }

    /// Changes the password of a user.
    public func changePassword(
        of name: String, to password: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthUserChangePasswordRequest()
        request.name = name
        request.password = password
        let _: Etcdserverpb_AuthUserChangePasswordResponse = try await cluster.unary(
            .userChangePassword, request, timeout: timeout)
    }

    /// The roles of a user.
    ///
    /// - Throws: `userNotFound`.
    public func roles(
        of user: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> [String] {
        var request = Etcdserverpb_AuthUserGetRequest()
        request.name = user
        let response: Etcdserverpb_AuthUserGetResponse = try await cluster.unary(
            .userGet, request, timeout: timeout)
        return response.roles
    }

    /// Gives a role to a user.
    public func grantRole(
        _ role: String, to user: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthUserGrantRoleRequest()
        request.user = user
        request.role = role
        let _: Etcdserverpb_AuthUserGrantRoleResponse = try await cluster.unary(
            .userGrantRole, request, timeout: timeout)
    }

    /// Takes a role from a user.
    ///
    /// - Throws: `roleNotGranted`.
    public func revokeRole(
        _ role: String, from user: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_AuthUserRevokeRoleRequest()
        request.name = user
        request.role = role
        let _: Etcdserverpb_AuthUserRevokeRoleResponse = try await cluster.unary(
            .userRevokeRole, request, timeout: timeout)
    }
}
