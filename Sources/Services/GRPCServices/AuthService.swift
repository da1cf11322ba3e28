internal import Auth
internal import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

/// Users and roles: etcdserverpb.Auth.
///
/// Each request is an entry of the log, those that only read too, as in etcd: permissions are
/// checked when it is applied. Passwords are hashed before; they are in no entry and in no log.
struct AuthService {
    let context: ServiceContext

    static let path = "/etcdserverpb.Auth/"

    var methods: [GRPCMethod] {
        [
            method("AuthEnable", Etcdserverpb_AuthEnableRequest.self),
            method("AuthDisable", Etcdserverpb_AuthDisableRequest.self),
            method("AuthStatus", Etcdserverpb_AuthStatusRequest.self),
            authenticateMethod,
            userAddMethod, userChangePasswordMethod,
            method("UserGet", Etcdserverpb_AuthUserGetRequest.self),
            method("UserList", Etcdserverpb_AuthUserListRequest.self),
            method("UserDelete", Etcdserverpb_AuthUserDeleteRequest.self),
            method("UserGrantRole", Etcdserverpb_AuthUserGrantRoleRequest.self),
            method("UserRevokeRole", Etcdserverpb_AuthUserRevokeRoleRequest.self),
            method("RoleAdd", Etcdserverpb_AuthRoleAddRequest.self),
            method("RoleGet", Etcdserverpb_AuthRoleGetRequest.self),
            method("RoleList", Etcdserverpb_AuthRoleListRequest.self),
            method("RoleDelete", Etcdserverpb_AuthRoleDeleteRequest.self),
            method("RoleGrantPermission", Etcdserverpb_AuthRoleGrantPermissionRequest.self),
            method("RoleRevokePermission", Etcdserverpb_AuthRoleRevokePermissionRequest.self),
        ]
    }

    /// A method whose request is proposed as it came.
    private func method<Request: AuthServiceRequest>(
        _ name: String, _: Request.Type
    ) -> GRPCMethod {
        context.generated(Self.path + name) { (call, request: Request, caller) in
            propose(request, by: caller, for: call)
        }
    }

    private var authenticateMethod: GRPCMethod {
        context.generated(Self.path + "Authenticate") {
            (call, request: Etcdserverpb_AuthenticateRequest, _) in
            let login = Login(request, call, context)
            call.respond { () async throws(EtcdError) in try await login.run() }
        }
    }

    /// Proposes a request and responds with the result of applying it.
    func propose<Request: AuthServiceRequest>(
        _ request: Request, by caller: Identity, for call: GRPCServerCall
    ) {
        do throws(EtcdError) {
            try validate(request.entry, by: caller)
            let (field, bytes) = try request.entry.encoded()
            context.propose(field, bytes, by: caller, for: call) { applied, header in
                guard case .auth(let result, _) = applied.body else {
                    preconditionFailure("an auth request has an auth response")
                }
                var response = Request.Response()
                response.header = Etcdserverpb_ResponseHeader(header)
                response.fill(from: result)
                call.respond(response)
            }
        } catch {
            call.fail(error)
        }
    }

    /// Throws for a request that is invalid in any state, which is not proposed. etcd finds that
    /// when it applies the request, after the check for root.
    func validate(_ request: AuthRequest, by caller: Identity) throws(EtcdError) {
        do throws(EtcdError) {
            try request.validate()
        } catch {
            try context.auth?.requireRoot(caller)
            throw error
        }
    }
}
