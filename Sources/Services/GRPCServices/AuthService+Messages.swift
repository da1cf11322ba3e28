internal import Auth
internal import EtcdAPI
internal import SwiftProtobuf

/// A request of service Auth that becomes an entry of the log.
protocol AuthServiceRequest: SwiftProtobuf.Message {
    associatedtype Response: AuthServiceResponse

    /// The request of the entry.
    var entry: AuthRequest { get }
}

/// A response of service Auth.
protocol AuthServiceResponse: SwiftProtobuf.Message {
    var header: Etcdserverpb_ResponseHeader { get set }

    /// Takes what was applied; most responses have a header only.
    mutating func fill(from applied: AuthResponse)
}

extension AuthServiceResponse {
    mutating func fill(from applied: AuthResponse) {}
}

extension Etcdserverpb_AuthEnableRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthEnableResponse

    var entry: AuthRequest { .enable }
}

extension Etcdserverpb_AuthDisableRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthDisableResponse

    var entry: AuthRequest { .disable }
}

extension Etcdserverpb_AuthStatusRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthStatusResponse

    var entry: AuthRequest { .status }
}

extension Etcdserverpb_AuthUserAddRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthUserAddResponse

    var entry: AuthRequest { .userAdd(self) }
}

extension Etcdserverpb_AuthUserGetRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthUserGetResponse

    var entry: AuthRequest { .userGet(self) }
}

extension Etcdserverpb_AuthUserListRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthUserListResponse

    var entry: AuthRequest { .userList }
}

extension Etcdserverpb_AuthUserDeleteRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthUserDeleteResponse

    var entry: AuthRequest { .userDelete(self) }
}

extension Etcdserverpb_AuthUserChangePasswordRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthUserChangePasswordResponse

    var entry: AuthRequest { .userChangePassword(self) }
}

extension Etcdserverpb_AuthUserGrantRoleRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthUserGrantRoleResponse

    var entry: AuthRequest { .userGrantRole(self) }
}

extension Etcdserverpb_AuthUserRevokeRoleRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthUserRevokeRoleResponse

    var entry: AuthRequest { .userRevokeRole(self) }
}

extension Etcdserverpb_AuthRoleAddRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthRoleAddResponse

    var entry: AuthRequest { .roleAdd(self) }
}

extension Etcdserverpb_AuthRoleGetRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthRoleGetResponse

    var entry: AuthRequest { .roleGet(self) }
}

extension Etcdserverpb_AuthRoleListRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthRoleListResponse

    var entry: AuthRequest { .roleList }
}

extension Etcdserverpb_AuthRoleDeleteRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthRoleDeleteResponse

    var entry: AuthRequest { .roleDelete(self) }
}

extension Etcdserverpb_AuthRoleGrantPermissionRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthRoleGrantPermissionResponse

    var entry: AuthRequest { .roleGrantPermission(self) }
}

extension Etcdserverpb_AuthRoleRevokePermissionRequest: AuthServiceRequest {
    typealias Response = Etcdserverpb_AuthRoleRevokePermissionResponse

    var entry: AuthRequest { .roleRevokePermission(self) }
}

extension Etcdserverpb_AuthEnableResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthDisableResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthStatusResponse: AuthServiceResponse {
    mutating func fill(from applied: AuthResponse) {
        guard case .status(let isEnabled, let revision) = applied else { return }
        enabled = isEnabled
        authRevision = revision
    }
}

extension Etcdserverpb_AuthUserAddResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthUserGetResponse: AuthServiceResponse {
    mutating func fill(from applied: AuthResponse) {
        guard case .userRoles(let names) = applied else { return }
        roles = names.map(\.text)
    }
}

extension Etcdserverpb_AuthUserListResponse: AuthServiceResponse {
    mutating func fill(from applied: AuthResponse) {
        guard case .users(let names) = applied else { return }
        users = names.map(\.text)
    }
}

extension Etcdserverpb_AuthUserDeleteResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthUserChangePasswordResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthUserGrantRoleResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthUserRevokeRoleResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthRoleAddResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthRoleGetResponse: AuthServiceResponse {
    mutating func fill(from applied: AuthResponse) {
        guard case .permissions(let permissions) = applied else { return }
        perm = permissions.map { Authpb_Permission($0) }
    }
}

extension Etcdserverpb_AuthRoleListResponse: AuthServiceResponse {
    mutating func fill(from applied: AuthResponse) {
        guard case .roles(let names) = applied else { return }
        roles = names.map(\.text)
    }
}

extension Etcdserverpb_AuthRoleDeleteResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthRoleGrantPermissionResponse: AuthServiceResponse {}

extension Etcdserverpb_AuthRoleRevokePermissionResponse: AuthServiceResponse {}

extension Authpb_Permission {
    fileprivate init(_ permission: AuthPermission) {
        self.init()
        permType = TypeEnum(rawValue: Int(permission.kind.rawValue)) ?? .read
        key = .init(permission.key)
        rangeEnd = .init(permission.rangeEnd)
    }
}
