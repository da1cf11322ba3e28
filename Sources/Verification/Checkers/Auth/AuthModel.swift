internal import Auth

/// Users, roles and permissions as etcd defines them, for the checkers: plain sets and lists, so that
/// they share no mistake with the members.
package struct AuthModel: Hashable, Sendable {
    package var isEnabled = false
    /// Rises with each change of users and roles, and when authentication is disabled.
    package var revision: UInt64 = 1
    /// The roles of each user.
    package var users: [String: Set<String>] = [:]
    /// The permissions of each role, ascending by key.
    package var roles: [String: [ModelledPermission]] = [:]

    package init() {}

    /// The user and the role that may do everything.
    package static let root = "root"
}

/// A permission of a role.
package struct ModelledPermission: Hashable, Sendable {
    package enum Kind: Hashable, Sendable, CaseIterable {
        case read, write, readWrite
    }

    package var kind: Kind
    package var range: KeyRange

    package init(_ kind: Kind, _ range: KeyRange) {
        self.kind = kind
        self.range = range
    }
}

/// On whose behalf a request is made, with the auth revision of its credentials.
package struct ModelledCaller: Hashable, Sendable {
    /// nil without credentials.
    package var user: String?
    /// The only auth revision at which the credentials are good; nil if any is.
    package var revision: UInt64?

    package init(_ user: String?, revision: UInt64? = nil) {
        self.user = user
        self.revision = revision
    }

    package static let nobody = ModelledCaller(nil)
}

/// A request that changes users or roles, or only reads them.
package enum AuthChange: Hashable, Sendable {
    case enable
    case disable
    case addUser(String)
    case deleteUser(String)
    case changePassword(of: String)
    case grantRole(String, to: String)
    case revokeRole(String, from: String)
    case addRole(String)
    case deleteRole(String)
    case grantPermission(ModelledPermission, to: String)
    case revokePermission(KeyRange, from: String)
    /// A list of all users.
    case listUsers
}

/// Changes of users and roles.
extension AuthModel {
    /// Applies a change.
    ///
    /// - Returns: whether it succeeds; if not, nothing changes.
    package mutating func apply(_ change: AuthChange, by caller: ModelledCaller) -> Bool {
        guard !isEnabled || isRoot(caller.user) else { return false }
        switch change {
        case .listUsers: return true
        case .enable:
            isEnabled = isEnabled || users[Self.root]?.contains(Self.root) == true
            return isEnabled
        case .disable:
            if isEnabled { revision += 1 }
            isEnabled = false
            return true
        case .grantRole(let role, to: let user) where users[user]?.contains(role) == true:
            return role == Self.root || roles[role] != nil
        default:
            guard changeRecords(change) else { return false }
            revision += 1
            return true
        }
    }

    package func isRoot(_ user: String?) -> Bool {
        user.flatMap { users[$0]?.contains(Self.root) } ?? false
    }

    /// - Returns: whether a record of a user or a role has changed.
    private mutating func changeRecords(_ change: AuthChange) -> Bool {
        switch change {
        case .enable, .disable, .listUsers: return false
        case .addUser(let user):
            guard !user.isEmpty, users[user] == nil else { return false }
            users[user] = []
        case .deleteUser(let user):
            guard !isEnabled || user != Self.root, users[user] != nil else { return false }
            users[user] = nil
        case .changePassword(of: let user): return users[user] != nil
        case .grantRole(let role, to: let user):
            guard users[user] != nil, role == Self.root || roles[role] != nil else { return false }
            users[user]?.insert(role)
        case .revokeRole(let role, from: let user):
            guard !isEnabled || user != Self.root || role != Self.root else { return false }
            return users[user]?.remove(role) != nil
        case .addRole(let role):
            guard !role.isEmpty, roles[role] == nil else { return false }
            roles[role] = []
        case .deleteRole(let role):
            guard !isEnabled || role != Self.root, roles[role] != nil else { return false }
            roles[role] = nil
            for user in users.keys { users[user]?.remove(role) }
        case .grantPermission(let permission, to: let role):
            guard roles[role] != nil else { return false }
            grant(permission, to: role)
        case .revokePermission(let range, from: let role):
            guard let held = roles[role], held.contains(where: { $0.range == range }) else {
                return false
            }
            roles[role] = held.filter { $0.range != range }
        }
        return true
    }

    /// A permission replaces the first one of its key, if that has the same range; else it is added,
    /// even if an equal one follows.
    private mutating func grant(_ permission: ModelledPermission, to role: String) {
        guard var held = roles[role] else { return }
        let same = held.firstIndex { $0.range.key == permission.range.key }
        if let same, held[same].range == permission.range {
            held[same] = permission
        } else {
            // The order of equal keys is that of Go's sort, which `PermissionOrderTests` compares
            // with Go itself.
            held.append(permission)
            let keys = held.map { Array($0.range.key.utf8) }
            held = PermissionOrder.indices(ofSorted: keys).map { held[$0] }
        }
        roles[role] = held
    }
}
