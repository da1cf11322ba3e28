package import Auth
package import EtcdAPI
package import Identifiers

/// The tokens of an empty `--auth-token`: nobody can log in, and every token is invalid.
package struct NoTokens: TokenProvider {
    package init() {}

    package func owner(of token: String) -> TokenOwner { .invalid }

    package func makeSimpleToken() -> String { "" }

    package func token(
        of login: AuthResponse.Login, index: LogIndex
    ) throws(EtcdError) -> String {
        throw .authFailed
    }

    package func applied(_ response: AuthResponse, index: LogIndex) {}

    package func authentication(isEnabled: Bool) {}
}
