internal import Synchronization

/// The token of a client's calls. One task at a time gets a new one, the others wait for it.
final class TokenSource: Sendable {
    /// Exchanges name and password for a token.
    typealias Authenticate = (String, String) async throws(EtcdClientError) -> String

    private struct State {
        var token: String?
        /// False until there is a token, or it is known that none is needed.
        var isKnown = false
    }

    private let credentials: EtcdClient.Credentials
    private let state = Mutex(State())
    private let exchange = TaskLock()

    init(_ credentials: EtcdClient.Credentials) {
        self.credentials = credentials
    }

    /// Whether another token can be had when one is refused.
    var isRenewable: Bool {
        if case .token = credentials { false } else { true }
    }

    /// The token, nil while authentication is disabled.
    func token(_ authenticate: Authenticate) async throws(EtcdClientError) -> String? {
        if case .token(let token) = credentials { return token }
        if let known { return known.token }
        try await exchange.lock()
        defer { exchange.unlock() }
        if let known { return known.token }
        let token = try await newToken(authenticate)
        state.withLock { $0 = State(token: token, isKnown: true) }
        return token
    }

    /// The token as far as it is known.
    var current: String? {
        if case .token(let token) = credentials { token } else { known?.token }
    }

    private var known: State? {
        state.withLock { $0.isKnown ? $0 : nil }
    }

    private func newToken(_ authenticate: Authenticate) async throws(EtcdClientError) -> String? {
        switch credentials {
        case .token(let token): return token
        case .tokens(let provider):
            do {
                return try await provider()
            } catch {
                throw EtcdClientError(
                    .authenticationFailed, code: .unauthenticated, message: "no token: \(error)")
            }
        case .password(let name, let password):
            do throws(EtcdClientError) {
                return try await authenticate(name, password)
            } catch {
                guard error.reason == .authNotEnabled else { throw error }
                return nil
            }
        }
    }

    /// Drops a token that a server refused, unless it is replaced already.
    func refuse(_ token: String?) {
        state.withLock { state in
            if state.token == token { state = State() }
        }
    }
}
