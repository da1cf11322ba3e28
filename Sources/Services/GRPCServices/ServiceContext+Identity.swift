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
        switch caller(of: call, rule) {
        case .known(let caller): body(.success(caller))
        case .refused(let error): body(.failure(error))
        case .awaited:
            call.pauseReceiving()
            retry(call, rule, IdentityWait(runtime.configuration.requestTimeout)) {
                body($0)
                call.resumeReceiving()
            }
        }
    }

    private func retry(
        _ call: GRPCServerCall, _ rule: RPCRule, _ wait: IdentityWait,
        _ body: @escaping (Result<Identity, EtcdError>) -> Void
    ) {
        call.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait.pause)) {
            guard !call.isClosed else { return }
            call.loop.performBatch {
                switch caller(of: call, rule) {
                case .known(let caller): body(.success(caller))
                case .refused(let error): body(.failure(error))
                case .awaited where wait.isOver: body(.failure(.invalidAuthToken))
                case .awaited: retry(call, rule, wait.next, body)
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
        var wait = IdentityWait(runtime.configuration.requestTimeout)
        while auth != nil {
            switch owner(of: credentials) {
            case .identity(let identity): return identity
            case .unknownBefore where !wait.isOver:
                try await pause(wait.pause)
                wait = wait.next
            case .unknownBefore, .invalid: throw .invalidAuthToken
            }
        }
        return .none
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
    let pause: TimeSpan
    private let deadline: MonotonicTime

    private static let firstPause = TimeSpan.milliseconds(1)
    private static let pauseMax = TimeSpan.milliseconds(50)

    init(_ limit: TimeSpan) {
        pause = Self.firstPause
        deadline = .now() + limit
    }

    private init(pause: TimeSpan, deadline: MonotonicTime) {
        self.pause = pause
        self.deadline = deadline
    }

    var isOver: Bool { .now() >= deadline }

    var next: IdentityWait {
        IdentityWait(pause: min(pause * 2, Self.pauseMax), deadline: deadline)
    }
}
