internal import Auth
internal import Base64
internal import Credentials
internal import EtcdAPI
internal import GRPC

/// The requests that set a password. It is hashed here, and only the hash is proposed.
extension AuthService {
    /// A user with a password gets the hash of it, also of the empty one, and never a hash that the
    /// request has.
    var userAddMethod: GRPCMethod {
        context.generated(
            Self.path + "UserAdd",
            check: { (request: Etcdserverpb_AuthUserAddRequest) in
                request.options.noPassword ? nil : refusal(of: request.password)
            },
            { call, request, caller in
                var request = request
                let password = request.password
                request.password = ""
                guard !request.options.noPassword else {
                    return propose(request, by: caller, for: call)
                }
                hash(password, into: request, \.hashedPassword, by: caller, for: call)
            })
    }

    /// With an empty password the hash of the request is stored as it is.
    var userChangePasswordMethod: GRPCMethod {
        context.generated(
            Self.path + "UserChangePassword",
            check: { (request: Etcdserverpb_AuthUserChangePasswordRequest) in
                refusal(of: request.password)
            },
            { call, request, caller in
                var request = request
                let password = request.password
                request.password = ""
                guard !password.isEmpty else { return propose(request, by: caller, for: call) }
                hash(password, into: request, \.hashedPassword, by: caller, for: call)
            })
    }

    private func refusal(of password: String) -> EtcdError? {
        do throws(EtcdError) {
            try PasswordHashing.check(password)
            return nil
        } catch {
            return error
        }
    }

    /// Proposes a request with the hash of a password, unless it would be refused anyway.
    private func hash<Request: AuthServiceRequest>(
        _ password: String, into request: Request,
        _ field: WritableKeyPath<Request, String> & Sendable, by caller: Identity,
        for call: GRPCServerCall
    ) {
        let task = Task {
            do throws(EtcdError) {
                try validate(request.entry, by: caller)
                try await requireRoot(caller, call)
                let text = try await context.passwords.hash(password)
                var request = request
                request[keyPath: field] = String(decoding: Base64.encode(text), as: UTF8.self)
                let hashed = request
                call.eventLoop.execute {
                    call.loop.performBatch { propose(hashed, by: caller, for: call) }
                }
            } catch {
                call.eventLoop.execute { call.loop.performBatch { call.fail(error) } }
            }
        }
        call.onClosed = { _ in task.cancel() }
    }

    /// Throws unless the caller has the role root, so that nobody else makes the member compute
    /// hashes. What this member has not applied yet does not count against the caller.
    private func requireRoot(_ caller: Identity, _ call: GRPCServerCall) async throws(EtcdError) {
        do throws(EtcdError) {
            try context.auth?.requireRoot(caller)
        } catch {
            try await context.linearize(on: call.loop)
            try context.auth?.requireRoot(caller)
        }
    }
}
