import Auth
import EtcdAPI
import Identifiers
import SwiftProtobuf
import Testing

@testable import StateMachine

/// Requests about users and roles, and requests with the header of a user.
extension StateFixture {
    /// Applies a request with the header of a user.
    ///
    /// - Parameter revision: the auth revision of the header; nil for the current one.
    @discardableResult
    func request(
        _ field: UInt32, _ payload: [UInt8], as user: String, revision: UInt64? = nil
    ) throws -> AppliedEntry {
        let data = payload.withUnsafeBytes { payload in
            InternalRaftRequest.wrap(
                id: 77, username: user, authRevision: revision ?? state.auth.revision,
                field: field, payload: payload)
        }
        return try apply(.request, data)
    }

    @discardableResult
    func request(
        _ request: PutRequest, as user: String, revision: UInt64? = nil
    ) throws -> AppliedEntry {
        try self.request(
            InternalRaftRequest.Field.put, request.encoded(), as: user, revision: revision)
    }

    @discardableResult
    func put(_ key: String, as user: String, revision: UInt64? = nil) throws -> AppliedEntry {
        try request(PutRequest(key: bytes(key)[...]), as: user, revision: revision)
    }

    /// Applies an auth request as root.
    @discardableResult
    func auth<Message: SwiftProtobuf.Message>(
        _ field: UInt32, as user: String = "root", _ set: (inout Message) -> Void
    ) throws -> AppliedEntry {
        try request(field, try Message.with(set).serializedBytes(), as: user)
    }

    func addUser(_ name: String, roles: [String] = []) throws {
        try auth(InternalRaftRequest.Field.authUserAdd) {
            (add: inout Etcdserverpb_AuthUserAddRequest) in add.name = name
        }
        for role in roles {
            try auth(InternalRaftRequest.Field.authUserGrantRole) {
                (grant: inout Etcdserverpb_AuthUserGrantRoleRequest) in
                grant.user = name
                grant.role = role
            }
        }
    }

    func addRole(
        _ name: String, _ kind: Authpb_Permission.TypeEnum, _ key: String, _ end: String = ""
    ) throws {
        try auth(InternalRaftRequest.Field.authRoleAdd) {
            (add: inout Etcdserverpb_AuthRoleAddRequest) in add.name = name
        }
        try auth(InternalRaftRequest.Field.authRoleGrantPermission) {
            (grant: inout Etcdserverpb_AuthRoleGrantPermissionRequest) in
            grant.name = name
            grant.perm.permType = kind
            grant.perm.key = .init(bytes(key))
            grant.perm.rangeEnd = .init(bytes(end))
        }
    }

    @discardableResult
    func enableAuth() throws -> AppliedEntry {
        try request(InternalRaftRequest.Field.authEnable, [], as: "root")
    }

    /// Root, a reader and a writer of the keys from a to b, and authentication enabled.
    func setUpUsers() throws {
        try addUser("root", roles: ["root"])
        try addRole("rd", .read, "a", "b")
        try addRole("wr", .write, "a", "b")
        try addUser("reader", roles: ["rd"])
        try addUser("writer", roles: ["wr"])
        try enableAuth()
    }
}

extension AppliedEntry {
    var auth: AuthResponse? {
        if case .auth(let response, _) = response.body { response } else { nil }
    }
}
