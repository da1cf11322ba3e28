package import Bolt
import EtcdAPI

/// The authentication state in the database: bucket `auth`.
///
/// Users, roles and tokens are not supported yet. Until then a state with authentication enabled is
/// not served (`ServableState`), since permissions could not be enforced.
package struct AuthState: Sendable, Equatable {
    private static let bucket = [UInt8]("auth".utf8)

    package var isEnabled = false
    /// Counts the changes of users and roles; starts at 1.
    package var revision: UInt64 = 1

    package init(from transaction: BoltReadTransaction) throws(PageFault) {
        guard let auth = try transaction.bucket(Self.bucket) else { return }
        isEnabled = try auth.get(Array("authEnabled".utf8)) == [1]
        if let stored = try auth.get(Array("authRevision".utf8)), stored.count == 8 {
            revision = stored.reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
