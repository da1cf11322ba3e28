package import Auth
package import EtcdAPI
package import Identifiers
package import MonotonicClock
import Synchronization

/// Simple tokens: known to all members, since each assigns them when it applies a login.
///
/// Kept in memory only: none is known after a restart, also not those of logins in the log that are
/// applied again. A token ends when it was not used for its time to live, when its user is deleted
/// or has another password, when authentication is disabled, and when a snapshot replaces the state
/// of this member, since the log before it may have ended any token.
package final class SimpleTokens: TokenProvider {
    private let loggedIndex: LogIndex
    private let appliedIndex: @Sendable () -> LogIndex
    private let now: @Sendable () -> MonotonicTime
    private let table: Mutex<SimpleTokenTable>

    /// `--auth-token-ttl` unless set.
    package static let defaultTimeToLive = TimeSpan.seconds(300)
    /// About 40 MB. A client needs a password, and bcrypt's time, for each token.
    package static let tokensMax = 262_144

    /// - Parameters:
    ///   - timeToLive: since the last use; zero for the default, as in etcd.
    ///   - loggedIndex: the index of the last entry of the log at the start.
    ///   - appliedIndex: the index of the last entry that this member has applied. It is published
    ///     after `applied` was called for that entry.
    ///   - now: the present time.
    package init(
        timeToLive: TimeSpan, tokensMax: Int = SimpleTokens.tokensMax,
        loggedIndex: LogIndex = .zero,
        appliedIndex: @escaping @Sendable () -> LogIndex,
        now: @escaping @Sendable () -> MonotonicTime
    ) {
        self.loggedIndex = loggedIndex
        self.appliedIndex = appliedIndex
        self.now = now
        table = Mutex(
            SimpleTokenTable(
                timeToLive: timeToLive > .zero ? timeToLive : Self.defaultTimeToLive,
                tokensMax: tokensMax))
    }

    /// The number of tokens in memory.
    package var count: Int { table.withLock { $0.count } }

    package func owner(of token: String) -> TokenOwner {
        guard let token = SimpleToken(token) else { return .invalid }
        // Read before the table: a token that is assigned in between is either found, or this
        // index is below its own.
        let applied = appliedIndex()
        let now = now()
        if let identity = table.withLock({ $0.use(token, now: now) }) {
            return .identity(identity)
        }
        return token.index > applied ? .unknownBefore(token.index) : .invalid
    }

    package func makeSimpleToken() -> String { SimpleToken.makeLetters() }

    package func token(
        of login: AuthResponse.Login, index: LogIndex
    ) throws(EtcdError) -> String {
        SimpleToken.text(letters: login.simpleToken, index: index)
    }

    package func applied(_ response: AuthResponse, index: LogIndex) {
        switch response {
        case .authenticated(let login):
            // Members with signed tokens propose no letters. etcd assigns such a token too, and
            // everybody can guess it.
            guard index > loggedIndex,
                let token = SimpleToken(letters: login.simpleToken, index: index)
            else { return }
            let now = now()
            table.withLock { $0.insert(token, of: login.user, now: now) }
        case .credentialsChanged(let user): table.withLock { $0.end(user) }
        case .disabled: endAll()
        case .done, .status, .userRoles, .users, .roles, .permissions: break
        }
    }

    package func authentication(isEnabled: Bool) { endAll() }

    private func endAll() { table.withLock { $0.removeAll() } }
}
