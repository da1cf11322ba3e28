package import Bolt
import EtcdAPI

/// What the database says about authentication: bucket `auth`.
///
/// Users, roles and tokens are to come. Until then no state with authentication switched on is
/// served (`ServableState`), for it would be served to everybody.
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
