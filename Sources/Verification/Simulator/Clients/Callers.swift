import Auth
import Checkers
import Disk
import EtcdAPI

/// The users of a run and what they may do at first; later their permissions change.
///
/// Most calls are made by users who may make them, so that there is a history to check.
struct SimulatedUser {
    let name: String
    let permissions: [ModelledPermission]
    /// How often, in a million, a client is this user.
    let share: Int

    private init(_ name: String, share: Int, _ permissions: ModelledPermission...) {
        self.name = name
        self.permissions = permissions
        self.share = share
    }

    private static let all = KeyRange(key: "a", end: "z")

    static let root = SimulatedUser("root", share: 200_000)
    static let initial = [
        root,
        SimulatedUser("writer", share: 450_000, .init(.readWrite, all)),
        SimulatedUser("reader", share: 70_000, .init(.read, all)),
        // Two permissions that touch, and one from a key on.
        SimulatedUser(
            "half", share: 80_000, .init(.readWrite, KeyRange(key: "a", end: "b")),
            .init(.readWrite, KeyRange(key: "b", end: "d")),
            .init(.read, KeyRange(key: "e", end: KeyRange.openEnd))),
        SimulatedUser("blind", share: 60_000, .init(.write, all)),
        SimulatedUser(
            "lone", share: 60_000, .init(.readWrite, KeyRange(key: "c")),
            .init(.read, KeyRange(key: "a"))),
        // No permission at all, and no user at all.
        SimulatedUser("nothing", share: 30_000),
        SimulatedUser("ghost", share: 20_000),
    ]

    /// Users who exist at first; each has a role of its name.
    static var existing: [SimulatedUser] { initial.filter { $0.name != "ghost" } }
}

/// The credentials that a client calls with.
struct Credentials {
    enum Kind {
        case none
        /// A token that is good at any auth revision.
        case token
        /// A token that is good at the auth revision of its login only.
        case signedToken(revision: UInt64)
        case certificate
    }

    let user: String
    var kind: Kind

    /// Draws a user, and credentials of some kind.
    init(_ choices: inout SeededGenerator) {
        var draw = choices.number(below: 1_000_000)
        var drawn = SimulatedUser.root
        for user in SimulatedUser.initial {
            drawn = user
            draw -= user.share
            if draw < 0 { break }
        }
        user = drawn.name
        switch choices.number(below: 100) {
        case 0..<5: kind = .none
        case 5..<25: kind = .signedToken(revision: 1)
        case 25..<45: kind = .certificate
        default: kind = .token
        }
    }

    init(_ user: String) {
        self.user = user
        kind = .token
    }

    static let root = Credentials(AuthModel.root)

    /// A new login, for tokens that end with their revision.
    mutating func logIn(at revision: UInt64) {
        if case .signedToken = kind { kind = .signedToken(revision: revision) }
    }

    var identity: Identity {
        switch kind {
        case .none: .none
        case .token: .user(AuthName(user), revision: nil)
        case .signedToken(let revision): .user(AuthName(user), revision: revision)
        case .certificate: .certificate(AuthName(user))
        }
    }
}

extension ModelledCaller {
    /// The caller of a request that is checked where it is made; nil for the member itself.
    init?(_ identity: Identity) {
        switch identity {
        case .server: return nil
        case .none: self = .nobody
        case .user(let user, let revision): self.init(user.text, revision: revision)
        case .certificate(let user): self.init(user.text)
        }
    }

    /// The requester in the header of an entry.
    init(_ header: RequestHeader?) {
        let user = header?.username ?? ""
        self.init(user.isEmpty ? nil : user, revision: header?.authRevision ?? 0)
    }
}

extension EtcdError {
    /// Whether a request was refused because of its caller.
    var isOfPermission: Bool {
        switch self {
        case .permissionDenied, .userEmpty, .authOldRevision, .userNotFound: true
        default: false
        }
    }
}
