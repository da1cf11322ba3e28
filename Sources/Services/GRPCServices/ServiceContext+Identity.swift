package import Auth
internal import Credentials
package import EtcdAPI
internal import GRPC
internal import MemberRuntime
internal import MonotonicClock
internal import NIOCore
internal import StateMachine

/// Who makes a call, and whether the caller may make it at all.
///
/// While authentication is disabled nobody is asked: `auth` reads one flag then. Permissions on keys
/// are checked where the keys are read or written.
extension ServiceContext {
    /// The auth state now; nil while authentication is disabled.
    package var auth: AuthSnapshot? { runtime.store.auth }

    /// The rule of a method; a method without one is not served.
    static func rule(of path: String) -> RPCRule {
        guard let rule = RPCRule.of(path) else {
            preconditionFailure("every method has a rule: \(path)")
        }
        return rule
    }

    func credentials(of call: GRPCServerCall) -> CallCredentials {
        CallCredentials(call, usesCommonName: configuration.usesCommonNames)
    }

    /// The caller of a call, or why it may not make it, as far as that depends on the caller alone.
    func caller(of call: GRPCServerCall, _ rule: RPCRule) -> Caller {
        guard let auth else { return .known(.none) }
        switch rule {
        // Open calls need no credentials, and inner calls read them themselves.
        case .open, .innerCalls: return .known(.none)
        default: return caller(credentials(of: call), auth, rule)
        }
    }

    private func caller(
        _ credentials: CallCredentials, _ auth: AuthSnapshot, _ rule: RPCRule
    ) -> Caller {
        switch owner(of: credentials) {
        case .identity(let identity):
            do throws(EtcdError) {
                try auth.require(rule, identity)
                return .known(identity)
            } catch {
                return .refused(error)
            }
        case .invalid: return .refused(.invalidAuthToken)
        case .unknownBefore: return .awaited
        }
    }

    /// Passes the caller to `body` once it is known. An error fails the call.
    func identify(
        _ call: GRPCServerCall, _ rule: RPCRule, _ body: @escaping (Identity) -> Void
    ) {
        findCaller(of: call, rule) { found in
            switch found {
            case .success(let caller): body(caller)
            case .failure(let error): call.fail(error)
            }
        }
    }

    /// Passes the caller to `body` once it is known, or its error. Until then the call receives
    /// nothing.
    func findCaller(
        of call: GRPCServerCall, _ rule: RPCRule,
        _ body: @escaping (Result<Identity, EtcdError>) -> Void
    ) {
        switch identityWait.next(caller(of: call, rule)) {
        case .ended(let found): body(found)
        case .again(let wait):
            call.pauseReceiving()
            retry(call, rule, wait) {
                body($0)
                call.resumeReceiving()
            }
        }
    }

    private func retry(
        _ call: GRPCServerCall, _ rule: RPCRule, _ wait: IdentityWait,
        _ body: @escaping (Result<Identity, EtcdError>) -> Void
    ) {
        call.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait.pause)) { [self] in
            guard !call.isClosed else { return }
            call.loop.performBatch {
                switch wait.next(caller(of: call, rule)) {
                case .ended(let found): body(found)
                case .again(let wait): retry(call, rule, wait, body)
                }
            }
        }
    }

    /// Who has these credentials, for a call without an event loop.
    ///
    /// - Throws: `invalidAuthToken`; `canceled` when the task is cancelled.
    package func identity(
        of credentials: CallCredentials
    ) async throws(EtcdError) -> Identity {
        var wait = identityWait
        while let auth {
            switch wait.next(caller(credentials, auth, .anyone)) {
            case .ended(let found): return try found.get()
            case .again(let next):
                try await pause(next.pause)
                wait = next
            }
        }
        return .none
    }

    private var identityWait: IdentityWait {
        IdentityWait(limit: runtime.configuration.requestTimeout)
    }

    /// Throws unless the caller may read the whole range that it wants to watch.
    func requireWatch(
        _ request: WatchCreateRequest, by caller: Identity
    ) throws(EtcdError) {
        try auth?.authorization(of: caller).require(request)
    }

    private func owner(of credentials: CallCredentials) -> TokenOwner {
        if let token = credentials.bareToken { return tokens.owner(of: token) }
        if let name = credentials.commonName { return .identity(.certificate(AuthName(name))) }
        return .identity(.none)
    }
}

/// The caller of a call.
enum Caller {
    case known(Identity)
    /// Its token is wrong, or it may not make the call.
    case refused(EtcdError)
    /// This member has not applied the login that its token names: `identify` waits for it.
    case awaited
}

/// Waiting for a simple token that this member does not know yet, since it has not applied its login.
private struct IdentityWait {
    private let limit: TimeSpan
    /// Nil before the first pause.
    private let deadline: MonotonicTime?
    /// The time until the next check.
    let pause: TimeSpan

    private static let firstPause = TimeSpan.milliseconds(1)
    private static let pauseMax = TimeSpan.milliseconds(50)

    enum Step {
        case ended(Result<Identity, EtcdError>)
        /// To check again after its `pause`.
        case again(IdentityWait)
    }

    init(limit: TimeSpan) {
        self.init(limit: limit, deadline: nil, pause: .zero)
    }

    private init(limit: TimeSpan, deadline: MonotonicTime?, pause: TimeSpan) {
        self.limit = limit
        self.deadline = deadline
        self.pause = pause
    }

    /// What follows from what is known of the caller.
    func next(_ caller: Caller) -> Step {
        switch caller {
        case .known(let identity): return .ended(.success(identity))
        case .refused(let error): return .ended(.failure(error))
        case .awaited: break
        }
        let now = MonotonicTime.now()
        guard let deadline else {
            return .again(.init(limit: limit, deadline: now + limit, pause: Self.firstPause))
        }
        guard now < deadline else { return .ended(.failure(.invalidAuthToken)) }
        return .again(
            .init(limit: limit, deadline: deadline, pause: min(pause * 2, Self.pauseMax)))
    }
}
