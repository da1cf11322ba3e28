internal import EtcdAPI
internal import GRPC

/// Users and roles: etcdserverpb.Auth. Only the status can be asked; everything else is to come.
struct AuthService {
    let context: ServiceContext

    private static let later = [
        "AuthEnable", "AuthDisable", "Authenticate", "UserAdd", "UserGet", "UserList",
        "UserDelete", "UserChangePassword", "UserGrantRole", "UserRevokeRole", "RoleAdd",
        "RoleGet", "RoleList", "RoleDelete", "RoleGrantPermission", "RoleRevokePermission",
    ]

    var methods: [GRPCMethod] {
        let later = Self.later.map { name in
            context.later("/etcdserverpb.Auth/\(name)", "authentication")
        }
        return later + [statusMethod]
    }

    private var statusMethod: GRPCMethod {
        context.generated("/etcdserverpb.Auth/AuthStatus") {
            (call: GRPCServerCall, _: Etcdserverpb_AuthStatusRequest) in
            context.port(call).onState({ ($0.auth.isEnabled, $0.auth.revision) }) {
                isEnabled, revision in
                var answer = Etcdserverpb_AuthStatusResponse()
                answer.header = Etcdserverpb_ResponseHeader(context.header())
                answer.enabled = isEnabled
                answer.authRevision = revision
                call.answer(answer)
            }
        }
    }
}
