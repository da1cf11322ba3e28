package import EtcdAPI

/// On whose behalf a call or a proposal is made. There is no default: `.none` is refused wherever a
/// user is needed.
package enum Identity: Hashable, Sendable {
    /// The call came without credentials.
    case none
    /// The member itself, for proposals that no client asked for.
    case server
    /// The user of a token.
    ///
    /// - Parameter revision: the auth revision that the token is limited to; nil for a token that
    ///   is valid at any.
    case user(AuthName, revision: UInt64?)
    /// The common name of a verified client certificate; it may be empty.
    case certificate(AuthName)
}

/// The user of a request and the auth revision of its credentials, as the header of an entry has
/// them.
package struct Requester: Hashable, Sendable {
    package var user: AuthName
    /// 0 without credentials.
    package var revision: UInt64

    package init(user: AuthName, revision: UInt64) {
        self.user = user
        self.revision = revision
    }

    /// The requester of an entry. Entries before 3.0 have no header.
    package init(_ header: RequestHeader?) {
        self.init(user: AuthName(header?.username ?? ""), revision: header?.authRevision ?? 0)
    }

    /// Without credentials.
    package static let none = Requester(user: AuthName(""), revision: 0)
}

extension AuthSnapshot {
    /// The header of a proposal. While authentication is disabled nobody is named.
    ///
    /// The member's own proposals go out as root, as etcd's do: other members of the cluster check
    /// them by their header.
    package func requester(_ identity: Identity) -> Requester {
        guard isEnabled else { return .none }
        return switch identity {
        case .none: .none
        case .server: Requester(user: .root, revision: revision)
        case .user(let user, let limit): Requester(user: user, revision: limit ?? revision)
        case .certificate(let user): Requester(user: user, revision: revision)
        }
    }
}
