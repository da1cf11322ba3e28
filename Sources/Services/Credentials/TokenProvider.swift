package import Auth
package import EtcdAPI
package import Identifiers

/// Who a token belongs to.
package enum TokenOwner: Equatable, Sendable {
    case identity(Identity)
    /// The entry that the token names is not applied yet: ask again once it is.
    case unknownBefore(LogIndex)
    /// The token is malformed, expired or unknown.
    case invalid
}

/// Issues and verifies the tokens of logins. Any thread.
///
/// All members assign a simple token when they apply its login, so that each of them knows it. A
/// signed token is made by the member that was asked, and verified by its signature.
package protocol TokenProvider: Sendable {
    /// The owner of a token. It counts as used now.
    func owner(of token: String) -> TokenOwner
    /// The letters of a new simple token, for the proposal of a login; empty for signed tokens.
    func makeSimpleToken() -> String
    /// The token of a login that was applied as the entry `index`, for the response to its caller.
    ///
    /// A signature takes up to a millisecond: not on an event loop.
    func token(of login: AuthResponse.Login, index: LogIndex) throws(EtcdError) -> String
    /// An auth request was applied as the entry `index`. Called by the apply stage, before the
    /// index is published as applied and before the response is delivered.
    func applied(_ response: AuthResponse, index: LogIndex)
    /// The state begins anew: at the start, and when a snapshot has replaced it. No simple token is
    /// known from now on. What the log changes is passed to `applied` alone.
    func authentication(isEnabled: Bool)
}
