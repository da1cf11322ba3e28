package import EtcdAPI
import SwiftProtobuf

extension AuthRequest {
    /// The request as its entry has it: the field of InternalRaftRequest, and the encoding.
    ///
    /// - Throws: `requestTooLarge` for a request that cannot be encoded.
    package func encoded() throws(EtcdError) -> (field: UInt32, bytes: [UInt8]) {
        typealias Field = InternalRaftRequest.Field
        return switch self {
        case .enable: (Field.authEnable, [])
        case .disable: (Field.authDisable, [])
        case .status: (Field.authStatus, [])
        case .authenticate(let request): (Field.authenticate, try Self.encode(request))
        case .userAdd(let request): (Field.authUserAdd, try Self.encode(request))
        case .userGet(let request): (Field.authUserGet, try Self.encode(request))
        case .userList: (Field.authUserList, [])
        case .userDelete(let request): (Field.authUserDelete, try Self.encode(request))
        case .userChangePassword(let request):
            (Field.authUserChangePassword, try Self.encode(request))
        case .userGrantRole(let request): (Field.authUserGrantRole, try Self.encode(request))
        case .userRevokeRole(let request): (Field.authUserRevokeRole, try Self.encode(request))
        case .roleAdd(let request): (Field.authRoleAdd, try Self.encode(request))
        case .roleGet(let request): (Field.authRoleGet, try Self.encode(request))
        case .roleList: (Field.authRoleList, [])
        case .roleDelete(let request): (Field.authRoleDelete, try Self.encode(request))
        case .roleGrantPermission(let request):
            (Field.authRoleGrantPermission, try Self.encode(request))
        case .roleRevokePermission(let request):
            (Field.authRoleRevokePermission, try Self.encode(request))
        }
    }

    private static func encode(_ message: some SwiftProtobuf.Message) throws(EtcdError) -> [UInt8] {
        do {
            return try message.serializedBytes()
        } catch {
            throw .requestTooLarge
        }
    }
}
