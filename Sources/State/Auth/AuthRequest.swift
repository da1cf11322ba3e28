package import EtcdAPI
import SwiftProtobuf

/// A request of service Auth, as an entry of the log has it.
package enum AuthRequest: Sendable {
    case enable
    case disable
    case status
    case authenticate(Etcdserverpb_InternalAuthenticateRequest)
    case userAdd(Etcdserverpb_AuthUserAddRequest)
    case userGet(Etcdserverpb_AuthUserGetRequest)
    case userList
    case userDelete(Etcdserverpb_AuthUserDeleteRequest)
    case userChangePassword(Etcdserverpb_AuthUserChangePasswordRequest)
    case userGrantRole(Etcdserverpb_AuthUserGrantRoleRequest)
    case userRevokeRole(Etcdserverpb_AuthUserRevokeRoleRequest)
    case roleAdd(Etcdserverpb_AuthRoleAddRequest)
    case roleGet(Etcdserverpb_AuthRoleGetRequest)
    case roleList
    case roleDelete(Etcdserverpb_AuthRoleDeleteRequest)
    case roleGrantPermission(Etcdserverpb_AuthRoleGrantPermissionRequest)
    case roleRevokePermission(Etcdserverpb_AuthRoleRevokePermissionRequest)
}

extension AuthRequest {
    /// Decodes the request of an entry.
    ///
    /// - Parameter field: its field of InternalRaftRequest.
    /// - Returns: nil if the field is not one of an auth request.
    /// - Throws: if the bytes are not the request.
    package init?(field: UInt32, bytes: ArraySlice<UInt8>) throws {
        typealias Field = InternalRaftRequest.Field
        let bytes = Array(bytes)
        switch field {
        case Field.authEnable: self = .enable
        case Field.authDisable: self = .disable
        case Field.authStatus: self = .status
        case Field.authenticate: self = .authenticate(try .init(serializedBytes: bytes))
        case Field.authUserAdd: self = .userAdd(try .init(serializedBytes: bytes))
        case Field.authUserGet: self = .userGet(try .init(serializedBytes: bytes))
        case Field.authUserList: self = .userList
        case Field.authUserDelete: self = .userDelete(try .init(serializedBytes: bytes))
        case Field.authUserChangePassword:
            self = .userChangePassword(try .init(serializedBytes: bytes))
        case Field.authUserGrantRole: self = .userGrantRole(try .init(serializedBytes: bytes))
        case Field.authUserRevokeRole: self = .userRevokeRole(try .init(serializedBytes: bytes))
        case Field.authRoleAdd: self = .roleAdd(try .init(serializedBytes: bytes))
        case Field.authRoleGet: self = .roleGet(try .init(serializedBytes: bytes))
        case Field.authRoleList: self = .roleList
        case Field.authRoleDelete: self = .roleDelete(try .init(serializedBytes: bytes))
        case Field.authRoleGrantPermission:
            self = .roleGrantPermission(try .init(serializedBytes: bytes))
        case Field.authRoleRevokePermission:
            self = .roleRevokePermission(try .init(serializedBytes: bytes))
        default: return nil
        }
    }

    /// Whether only root may make it.
    package var needsRoot: Bool {
        switch self {
        case .status, .authenticate, .userGet, .roleGet: false
        default: true
        }
    }
}

/// Checks of a request by itself.
extension AuthRequest {
    /// Throws if the request is invalid in any state. Called before it is proposed, after the check
    /// for root as in etcd, and again when it is applied, since other members propose too.
    ///
    /// - Throws: `userEmpty`, `userNameInvalid`, `roleEmpty`, `roleNameInvalid`,
    ///   `permissionNotGiven`, or `invalidAuthManagement` for a permission without keys.
    package func validate() throws(EtcdError) {
        switch self {
        case .userAdd(let request):
            let name = AuthName(request.name)
            guard !name.isEmpty else { throw .userEmpty }
            guard name.isStorable else { throw .userNameInvalid }
        case .roleAdd(let request):
            let name = AuthName(request.name)
            guard !name.isEmpty else { throw .roleEmpty }
            guard name.isStorable else { throw .roleNameInvalid }
        case .roleGrantPermission(let request):
            guard request.hasPerm else { throw .permissionNotGiven }
            guard AuthPermission(request.perm).isGrantable else { throw .invalidAuthManagement }
        default: break
        }
    }
}

extension AuthPermission {
    init(_ message: Authpb_Permission) {
        self.init(
            Kind(rawValue: Int32(truncatingIfNeeded: message.permType.rawValue)),
            key: Array(message.key), rangeEnd: Array(message.rangeEnd))
    }
}
