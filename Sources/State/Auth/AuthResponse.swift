/// The response to an auth request, without its header, with what the holder of tokens needs.
package enum AuthResponse: Equatable, Sendable {
    /// Nothing to return.
    case done
    /// Authentication was disabled: all simple tokens end.
    case disabled
    /// A user was deleted or has another password: its simple tokens end.
    case credentialsChanged(of: AuthName)
    case status(isEnabled: Bool, revision: UInt64)
    /// A login, whose password was checked before it was proposed.
    case authenticated(Login)
    /// The roles of a user.
    case userRoles([AuthName])
    case users([AuthName])
    case roles([AuthName])
    case permissions([AuthPermission])

    /// A user who has logged in.
    package struct Login: Equatable, Sendable {
        package let user: AuthName
        /// The letters that the proposer chose; the simple token is these, a dot, and the index of
        /// the entry.
        package let simpleToken: String
        /// The auth revision of the login.
        package let revision: UInt64

        package init(user: AuthName, simpleToken: String, revision: UInt64) {
            self.user = user
            self.simpleToken = simpleToken
            self.revision = revision
        }
    }
}
