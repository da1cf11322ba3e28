import Checkers
import EtcdAPI
import FoundationEssentials
import SwiftProtobuf

/// Requests about users as they are proposed.
extension AuthChange {
    var payload: (field: UInt32, bytes: [UInt8]) {
        typealias Field = InternalRaftRequest.Field
        switch self {
        case .enable: return (Field.authEnable, [])
        case .disable: return (Field.authDisable, [])
        case .listUsers: return (Field.authUserList, [])
        case .addUser(let user):
            return Self.encoded(Field.authUserAdd, Etcdserverpb_AuthUserAddRequest()) {
                $0.name = user
            }
        case .deleteUser(let user):
            return Self.encoded(Field.authUserDelete, Etcdserverpb_AuthUserDeleteRequest()) {
                $0.name = user
            }
        case .changePassword(of: let user):
            return Self.encoded(
                Field.authUserChangePassword, Etcdserverpb_AuthUserChangePasswordRequest()
            ) { $0.name = user }
        case .grantRole(let role, to: let user):
            return Self.encoded(
                Field.authUserGrantRole, Etcdserverpb_AuthUserGrantRoleRequest()
            ) { ($0.user, $0.role) = (user, role) }
        case .revokeRole(let role, from: let user):
            return Self.encoded(
                Field.authUserRevokeRole, Etcdserverpb_AuthUserRevokeRoleRequest()
            ) { ($0.name, $0.role) = (user, role) }
        case .addRole(let role):
            return Self.encoded(Field.authRoleAdd, Etcdserverpb_AuthRoleAddRequest()) {
                $0.name = role
            }
        case .deleteRole(let role):
            return Self.encoded(Field.authRoleDelete, Etcdserverpb_AuthRoleDeleteRequest()) {
                $0.role = role
            }
        case .grantPermission(let permission, to: let role):
            return Self.encoded(
                Field.authRoleGrantPermission, Etcdserverpb_AuthRoleGrantPermissionRequest()
            ) { ($0.name, $0.perm) = (role, Authpb_Permission(permission)) }
        case .revokePermission(let range, from: let role):
            return Self.encoded(
                Field.authRoleRevokePermission, Etcdserverpb_AuthRoleRevokePermissionRequest()
            ) { request in
                let (key, end) = range.bytes
                (request.role, request.key, request.rangeEnd) = (role, key, end)
            }
        }
    }

    private static func encoded<Request: SwiftProtobuf.Message>(
        _ field: UInt32, _ request: Request, _ fill: (inout Request) -> Void
    ) -> (field: UInt32, bytes: [UInt8]) {
        var request = request
        fill(&request)
        // Serialization of text and bytes cannot fail.
        let bytes: [UInt8]? = try? request.serializedBytes()
        return (field, bytes ?? [])
    }
}

/// Requests about users, decoded from the log.
extension AuthChange {
    /// nil for a request that is not about users, or one that no client here makes.
    init?(_ payload: InternalRaftRequest.Payload) {
        guard case .other(let field, let bytes) = payload else { return nil }
        guard let change = try? Self(field, Array(bytes)) else { return nil }
        self = change
    }

    private init?(_ field: UInt32, _ bytes: [UInt8]) throws {
        typealias Field = InternalRaftRequest.Field
        switch field {
        case Field.authEnable: self = .enable
        case Field.authDisable: self = .disable
        case Field.authUserList: self = .listUsers
        case Field.authUserAdd:
            self = .addUser(try Etcdserverpb_AuthUserAddRequest(serializedBytes: bytes).name)
        case Field.authUserDelete:
            self = .deleteUser(try Etcdserverpb_AuthUserDeleteRequest(serializedBytes: bytes).name)
        case Field.authUserChangePassword:
            self = .changePassword(
                of: try Etcdserverpb_AuthUserChangePasswordRequest(serializedBytes: bytes).name)
        case Field.authUserGrantRole:
            let request = try Etcdserverpb_AuthUserGrantRoleRequest(serializedBytes: bytes)
            self = .grantRole(request.role, to: request.user)
        case Field.authUserRevokeRole:
            let request = try Etcdserverpb_AuthUserRevokeRoleRequest(serializedBytes: bytes)
            self = .revokeRole(request.role, from: request.name)
        case Field.authRoleAdd:
            self = .addRole(try Etcdserverpb_AuthRoleAddRequest(serializedBytes: bytes).name)
        case Field.authRoleDelete:
            self = .deleteRole(try Etcdserverpb_AuthRoleDeleteRequest(serializedBytes: bytes).role)
        case Field.authRoleGrantPermission:
            let request = try Etcdserverpb_AuthRoleGrantPermissionRequest(serializedBytes: bytes)
            self = .grantPermission(ModelledPermission(request.perm), to: request.name)
        case Field.authRoleRevokePermission:
            let request = try Etcdserverpb_AuthRoleRevokePermissionRequest(serializedBytes: bytes)
            self = .revokePermission(KeyRange(request.key, request.rangeEnd), from: request.role)
        default: return nil
        }
    }
}

extension Authpb_Permission {
    fileprivate init(_ permission: ModelledPermission) {
        self.init()
        permType =
            switch permission.kind {
            case .read: .read
            case .write: .write
            case .readWrite: .readwrite
            }
        (key, rangeEnd) = permission.range.bytes
    }
}

extension ModelledPermission {
    fileprivate init(_ permission: Authpb_Permission) {
        let kind: Kind =
            switch permission.permType {
            case .read: .read
            case .write: .write
            default: .readWrite
            }
        self.init(kind, KeyRange(permission.key, permission.rangeEnd))
    }
}

extension KeyRange {
    fileprivate init(_ key: Data, _ end: Data) {
        self.init(
            key: String(decoding: key, as: UTF8.self),
            end: end.isEmpty ? nil : String(decoding: end, as: UTF8.self))
    }

    fileprivate var bytes: (key: Data, end: Data) { (Data(key.utf8), Data((end ?? "").utf8)) }
}
