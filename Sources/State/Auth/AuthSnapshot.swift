/// The auth state at one moment: users, roles, revision, and whether authentication is enabled.
///
/// Immutable, so that any thread can check a request against one moment. A change makes a new one.
package final class AuthSnapshot: Sendable {
    package let isEnabled: Bool
    /// Counts the changes of users and roles; starts at 1.
    package let revision: UInt64
    package let users: [AuthName: AuthUser]
    package let roles: [AuthName: AuthRole]
    private let cache: PermissionCache

    /// A state without users.
    convenience init() {
        self.init(AuthContent(), cache: PermissionCache())
    }

    private init(_ content: AuthContent, cache: PermissionCache) {
        isEnabled = content.isEnabled
        revision = content.revision
        users = content.users
        roles = content.roles
        self.cache = cache
    }

    convenience init(_ content: AuthContent) {
        self.init(content, cache: PermissionCache())
    }

    /// The state after a change that leaves the permissions of all users but one as they are.
    func changed(to content: AuthContent, except user: AuthName) -> AuthSnapshot {
        AuthSnapshot(content, cache: cache.copy(without: user))
    }

    /// The state after a change that leaves the permissions of all users as they are.
    func changed(to content: AuthContent) -> AuthSnapshot {
        AuthSnapshot(content, cache: cache)
    }

    var content: AuthContent {
        AuthContent(isEnabled: isEnabled, revision: revision, users: users, roles: roles)
    }

    /// What a user may do by its roles; nil if it does not exist.
    func authorization(of user: AuthName) -> Authorization? {
        if let known = cache.known(user) { return known }
        return users[user].map { cache.authorization(of: $0, roles: roles) }
    }
}

/// The values of an auth state, to be changed.
struct AuthContent {
    var isEnabled = false
    var revision: UInt64 = 1
    var users: [AuthName: AuthUser] = [:]
    var roles: [AuthName: AuthRole] = [:]
}
