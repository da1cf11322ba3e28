internal import Auth
internal import Credentials
internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import Identifiers
internal import MemberRuntime
internal import MonotonicClock
internal import Stages
internal import StateMachine

/// A call of Authenticate: checks a password and has a token assigned.
///
/// The password is checked outside the log, against the state of the call; the login is an entry, so
/// that all members know its token. If the auth revision has changed in between, the password is
/// checked again, as in etcd.
struct Login: Sendable {
    private let context: ServiceContext
    private let loop: HTTP2Loop
    private let user: AuthName
    /// The bytes that bcrypt reads.
    private let password: [UInt8]

    init(
        _ request: Etcdserverpb_AuthenticateRequest, _ call: GRPCServerCall,
        _ context: ServiceContext
    ) {
        self.context = context
        loop = call.loop
        user = AuthName(request.name)
        password = Array(request.password.utf8.prefix(PasswordHashing.passwordBytesMax))
    }

    func run() async throws(EtcdError) -> Etcdserverpb_AuthenticateResponse {
        try await context.linearize(on: loop)
        var known: [UInt8]?
        while true {
            guard let auth = context.auth else { throw .authNotEnabled }
            try await check(auth, &known)
            let applied = try await propose()
            guard applied.login.revision == auth.revision else { continue }
            var response = Etcdserverpb_AuthenticateResponse()
            response.header = Etcdserverpb_ResponseHeader(applied.header)
            response.token = try context.tokens.token(of: applied.login, index: applied.index)
            return response
        }
    }

    /// Throws unless the password is that of the user.
    ///
    /// - Parameter known: the stored text that the password fits.
    private func check(_ auth: AuthSnapshot, _ known: inout [UInt8]?) async throws(EtcdError) {
        let stored = auth.users[user]
        guard stored?.hasNoPassword != true else {
            throw refusal(.passwordForNoPasswordUser)
        }
        if let known, known == stored?.password { return }
        guard try await context.passwords.matches(password, stored: stored?.password) else {
            throw refusal(.authFailed)
        }
        known = stored?.password
    }

    /// Reports a refused login.
    private func refusal(_ error: EtcdError) -> EtcdError {
        context.observe(.loginRefused(user: user.text, error))
        return error
    }

    private struct Applied {
        let login: AuthResponse.Login
        let index: LogIndex
        let header: ResponseHeader
    }

    private func propose() async throws(EtcdError) -> Applied {
        var request = Etcdserverpb_InternalAuthenticateRequest()
        request.name = user.text
        request.simpleToken = context.tokens.makeSimpleToken()
        let (field, bytes) = try AuthRequest.authenticate(request).encoded()
        let (context, loop) = (self.context, self.loop)
        let began = MonotonicTime.now()
        let completion: Completion = await withCheckedContinuation { continuation in
            loop.eventLoop.execute {
                // The login is on nobody's behalf, whatever token the call has.
                context.submitter(loop)
                    .propose(field: field, payload: bytes, by: .none, costBytes: nil) {
                        continuation.resume(returning: $0)
                    }
            }
        }
        context.metrics.proposalEnded(
            field, took: .now() - began, isApplied: completion.isApplied)
        let applied = try completion.applyResponse()
        guard case .auth(.authenticated(let login), let index) = applied.body else {
            preconditionFailure("a login has a login as its response")
        }
        let header = context.header(revision: applied.revision, term: completion.term)
        return Applied(login: login, index: index, header: header)
    }
}

extension ServiceContext {
    /// Returns once all writes acknowledged before now are visible here.
    func linearize(on loop: HTTP2Loop) async throws(EtcdError) {
        let completion: Completion = await withCheckedContinuation { continuation in
            loop.eventLoop.execute {
                self.submitter(loop).read { continuation.resume(returning: $0) }
            }
        }
        if case .failed(let error) = completion.value { throw error }
    }
}
