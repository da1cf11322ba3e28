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
/// While authentication is disabled nobody is asked: each path begins with `auth`, which then reads
/// one flag. Permissions on keys are checked where the keys are read or written.
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

    /// Passes the caller to `body` once it may make the call as far as that depends on the caller
    /// alone. An error fails the call.
    func identify(
        _ call: GRPCServerCall, _ rule: RPCRule, _ body: @escaping (Identity) -> Void
    ) {
        switch rule {
        // Open calls need no credentials, and inner calls read them themselves.
        case .open, .innerCalls: return body(.none)
        default: break
        }
        identify(call) { found in
            do throws(EtcdError) {
                let identity = try found.get()
                try auth?.require(rule, identity)
                body(identity)
            } catch {
                call.fail(error)
            }
        }
    }

    /// Passes the caller of a request of a stream to `body`, or that its token is wrong. If the
    /// token has to be waited for, the call receives nothing meanwhile.
    func identify(
        _ call: GRPCServerCall, _ body: @escaping (Result<Identity, EtcdError>) -> Void
    ) {
        guard auth != nil else { return body(.success(.none)) }
        let credentials = credentials(of: call)
        switch owner(of: credentials) {
        case .identity(let identity): body(.success(identity))
        case .invalid: body(.failure(.invalidAuthToken))
        case .unknownBefore:
            call.pauseReceiving()
            retry(credentials, call, IdentityWait(runtime.configuration.requestTimeout)) {
                body($0)
                call.resumeReceiving()
            }
        }
    }

    private func retry(
        _ credentials: CallCredentials, _ call: GRPCServerCall, _ wait: IdentityWait,
        _ body: @escaping (Result<Identity, EtcdError>) -> Void
    ) {
        call.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait.pause)) {
            guard !call.isClosed else { return }
            call.loop.performBatch {
                guard auth != nil else { return body(.success(.none)) }
                switch owner(of: credentials) {
                case .identity(let identity): body(.success(identity))
                case .unknownBefore where !wait.isOver:
                    retry(credentials, call, wait.next, body)
                case .unknownBefore, .invalid: body(.failure(.invalidAuthToken))
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

    var next: IdentityWait { IdentityWait(pause: min(pause * 2, Self.pauseMax), deadline: deadline) }
}
