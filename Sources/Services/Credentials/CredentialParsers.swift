package import Auth

/// The parsers of tokens and of stored passwords, for fuzzers.
package enum CredentialParsers {
    /// A simple token as it was parsed, written again; nil for any other text.
    package static func simpleToken(_ text: String) -> String? {
        guard let token = SimpleToken(text) else { return nil }
        let letters = String(text.prefix(SimpleToken.letterCount))
        precondition(
            SimpleToken(letters: letters, index: token.index) == token, "a parsed token has letters"
        )
        return SimpleToken.text(letters: letters, index: token.index)
    }

    /// The owner of a signed token with a genuine signature, by the two parts in JSON.
    package static func owner(header: [UInt8], claims: [UInt8]) -> Identity? {
        SignedTokenClaims(header: header, claims: claims, .hs256)?.owner
    }

    /// The claims of a login, as they are signed.
    package static func claims(user: AuthName, revision: UInt64) -> [UInt8] {
        Array(SignedTokenClaims.text(user: user, revision: revision, expiry: .max).utf8)
    }

    /// Whether a stored text is one of bcrypt.
    package static func isBcrypt(_ text: [UInt8]) -> Bool { BcryptHash(text) != nil }
}
