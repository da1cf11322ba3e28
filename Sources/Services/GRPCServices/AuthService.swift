internal import EtcdAPI
internal import GRPC

/// Users and roles: etcdserverpb.Auth. Only AuthStatus is implemented.
struct AuthService {
    let context: ServiceContext

    private static let unimplemented = [
        "AuthEnable", "AuthDisable", "Authenticate", "UserAdd", "UserGet", "UserList",
        "UserDelete", "UserChangePassword", "UserGrantRole", "UserRevokeRole", "RoleAdd",
        "RoleGet", "RoleList", "RoleDelete", "RoleGrantPermission", "RoleRevokePermission",
    ]

    var methods: [GRPCMethod] {
        let unimplemented = Self.unimplemented.map { name in
            GRPCMethod(path: "/etcdserverpb.Auth/\(name)") { call, _ in
                call.finish(GRPCStatus(.unimplemented, "not supported yet"))
            }
        }
        return unimplemented + [statusMethod]
    }

    private var statusMethod: GRPCMethod {
        context.generated("/etcdserverpb.Auth/AuthStatus") {
            (call: GRPCServerCall, _: Etcdserverpb_AuthStatusRequest, _) in
            context.submitter(call).onState({ ($0.auth.isEnabled, $0.auth.revision) }) {
                isEnabled, revision in
                var response = Etcdserverpb_AuthStatusResponse()
                response.header = Etcdserverpb_ResponseHeader(context.header())
                response.enabled = isEnabled
                response.authRevision = revision
                call.respond(response)
            }
        }
    }
}
