package import Bolt
import EtcdAPI

/// Whether authentication is enabled, and the auth revision, of a database: bucket `auth`.
///
/// For `ServableState`, which does not need the users.
package struct AuthState: Sendable, Equatable {
    package var isEnabled = false
    /// Counts the changes of users and roles; starts at 1.
    package var revision: UInt64 = 1

    package init(from transaction: BoltReadTransaction) throws(PageFault) {
        guard let auth = try transaction.bucket(AuthBucket.auth) else { return }
        isEnabled = try auth.get(AuthBucket.enabled) == [1]
        if let stored = try auth.get(AuthBucket.revision), stored.count == 8 {
            revision = stored.reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}

/// Names of the buckets and keys.
enum AuthBucket {
    static let auth = [UInt8]("auth".utf8)
    static let users = [UInt8]("authUsers".utf8)
    static let roles = [UInt8]("authRoles".utf8)
    static let enabled = [UInt8]("authEnabled".utf8)
    static let revision = [UInt8]("authRevision".utf8)
}
