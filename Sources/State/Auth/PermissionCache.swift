import Synchronization

/// The keys that a user may read and write: the permissions of all its roles, merged.
package final class KeyPermissions: Sendable {
    let read: KeyIntervals
    let write: KeyIntervals

    init(of permissions: [AuthPermission]) {
        read = KeyIntervals(of: permissions.lazy.filter { [.read, .readWrite].contains($0.kind) })
        write = KeyIntervals(
            of: permissions.lazy.filter { [.write, .readWrite].contains($0.kind) })
    }

    var sizeBytes: Int { read.sizeBytes + write.sizeBytes }
}

/// What users may do, found when a user is first checked.
///
/// Users with the same roles share their merged permissions. Bounded: when it is full it is
/// emptied.
final class PermissionCache: Sendable {
    private static let sizeBytesMax = 64 << 20

    private struct Content {
        /// Nil for a user with the role root.
        var ofUser: [AuthName: KeyPermissions?] = [:]
        var ofRoles: [[AuthName]: KeyPermissions] = [:]
        var sizeBytes = 0
    }

    private let content: Mutex<Content>

    init() { content = Mutex(Content()) }

    private init(_ copied: Content) { content = Mutex(copied) }

    /// A copy for the next state, in which the roles of a user have changed.
    func copy(without user: AuthName) -> PermissionCache {
        var copied = content.withLock { $0 }
        copied.ofUser.removeValue(forKey: user)
        return PermissionCache(copied)
    }

    /// What a user who was checked before may do; nil for any other. Any thread.
    func known(_ user: AuthName) -> Authorization? {
        guard let known = content.withLock({ $0.ofUser[user] }) else { return nil }
        return known.map { .keys($0) } ?? .unlimited
    }

    /// What a user may do. Any thread.
    ///
    /// - Parameters:
    ///   - user: a user of the state that owns the cache.
    ///   - roles: the roles of that state.
    func authorization(of user: AuthUser, roles: [AuthName: AuthRole]) -> Authorization {
        if user.hasRootRole {
            content.withLock { _ = $0.ofUser.updateValue(nil, forKey: user.name) }
            return .unlimited
        }
        return .keys(permissions(of: user, roles: roles))
    }

    private func permissions(
        of user: AuthUser, roles: [AuthName: AuthRole]
    ) -> KeyPermissions {
        if let shared = content.withLock({ $0.ofRoles[user.roles] }) {
            content.withLock { $0.ofUser[user.name] = shared }
            return shared
        }
        let merged = KeyPermissions(of: user.roles.flatMap { roles[$0]?.permissions ?? [] })
        content.withLock { content in
            if content.sizeBytes > Self.sizeBytesMax { content = Content() }
            content.ofUser[user.name] = merged
            content.ofRoles[user.roles] = merged
            content.sizeBytes += merged.sizeBytes
        }
        return merged
    }
}
